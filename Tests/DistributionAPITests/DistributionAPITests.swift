// DistributionAPITests
