// DistributionAPI
