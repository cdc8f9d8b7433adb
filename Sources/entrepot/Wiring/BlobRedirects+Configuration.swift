import Configuration
import DistributionAPI

extension BlobRedirects {
    init(_ storage: StorageSection) {
        guard case .s3(let section) = storage else {
            self = .none
            return
        }
        let mode: Mode =
            switch section.blobRedirect {
            case .never: .never
            case .auto: .auto
            case .always: .always
            }
        self.init(mode, networks: section.redirectNetworks)
    }
}
