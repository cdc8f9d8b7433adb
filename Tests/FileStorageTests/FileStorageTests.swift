// FileStorageTests
