"""What is written down between two rounds: attempts, results, certificates, criteria. Nothing here knows a study."""
