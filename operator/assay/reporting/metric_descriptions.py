"""The metrics of studies: each with the labels it has beside the study's own, and its help text."""

from __future__ import annotations

DESCRIPTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "assay_study_condition": (("condition", "status"), "1 for the status that a condition of the study has, else 0."),
    "assay_study_trials": (("arm", "phase"), "Trials of the study's present spec."),
    "assay_study_stale_trials": ((), "Trials of earlier specs of the study, which no longer count."),
    "assay_study_accelerator_seconds": (
        ("part",),
        "Accelerator seconds (on a CPU: CPU-process seconds) that the study's trials have cost so far.",
    ),
    "assay_study_purpose_accelerator_seconds": (
        ("purpose",),
        "Accelerator seconds of the study's trials that succeeded, by what they were for.",
    ),
    "assay_study_resumed_accelerator_seconds": (
        (),
        "Accelerator seconds that trials did not have to do again, since they went on from a checkpoint.",
    ),
    "assay_study_saved_accelerator_seconds": (
        (),
        "What all hypotheses on the reference would have cost, minus what a study that has ended did cost.",
    ),
    "assay_arm_agreement_ratio": (("arm",), "Kendall's tau-b of the arm's order with the reference's, -1 to 1."),
    "assay_arm_agreement_low_ratio": (("arm",), "Lower end of tau's interval, of the trust test itself."),
    "assay_arm_agreement_high_ratio": (("arm",), "Upper end of tau's interval, of the trust test itself."),
    "assay_arm_noise_ceiling_ratio": (
        ("arm",),
        "Kendall's tau of the reference with itself across seeds: no proxy can do better.",
    ),
    "assay_study_ranking_accuracy_ratio": (
        (),
        "Share of all pairs of hypotheses that the ranking is expected to order rightly, where a budget buys an order.",
    ),
    "assay_study_may_be_best_hypotheses": ((), "Hypotheses of the status' ranking that may be the best."),
    "assay_study_unstable_hypotheses": ((), "Hypotheses of the status' ranking that fail on some of their seeds."),
    "assay_arm_certificate_ratio": (
        ("arm", "statistic"),
        "The statistic that trust is about, as observed at the last look.",
    ),
    "assay_arm_certificate_low_ratio": (("arm", "statistic"), "Lower end of the interval of its true value."),
    "assay_arm_certificate_high_ratio": (("arm", "statistic"), "Upper end of the interval of its true value."),
    "assay_arm_certificate_corrected_ratio": (("arm", "statistic"), "Estimate of its true value, without seed noise."),
    "assay_arm_certificate_look": (("arm",), "Which look at trust decided, or was the last; 1 to 4."),
    "assay_arm_certificate_needed_accelerator_seconds": (
        ("arm",),
        "What the hypotheses or seeds would cost that would decide about the proxy, as far as that is known.",
    ),
    "assay_arm_noise_share_ratio": (
        ("arm",),
        "Share of the disagreement with the reference, 1 - tau, that the noise of the seeds alone would make.",
    ),
    "assay_arm_trusted": (("arm",), "1 if the proxy may stand for the reference, else 0."),
    "assay_arm_trust_decision": (("arm", "decision"), "1 for the decision on the proxy, else 0."),
    "assay_arm_saving_ratio": (("arm",), "Share of the reference's cost that a study on this arm alone would save."),
    "assay_arm_accelerator_seconds": (("arm",), "Accelerator seconds of the arm's trials and preparations."),
    "assay_arm_trial_accelerator_seconds": (("arm",), "Accelerator seconds of one trial of the arm, on average."),
    "assay_arm_device_utilisation_ratio": (
        ("arm",),
        "Mean utilisation of the devices (on a CPU: of its cores) over the arm's trials.",
    ),
    "assay_arm_data_wait_ratio": (("arm",), "Mean share of the training time that the arm's trials waited for data."),
}
