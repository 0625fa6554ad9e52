"""Everything that makes a bundle: data, anomaly synthesis, fit, thresholds, export. With ``prn`` the only part that needs torch.

data ─► prototypes ─► fit (synthesis ─► batches ─► network ─► loss) ─► thresholds ─► export ─► bundle
"""
