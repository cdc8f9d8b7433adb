// FileStorage
