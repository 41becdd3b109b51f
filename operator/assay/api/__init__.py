"""The resources that users write: their models (`resources`), and how manifests are read (`reading`), checked
(`checks`) and held against what an installation allows (`policy`). Nothing here knows how a study is planned.
"""
