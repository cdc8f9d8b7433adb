// CurlClientTests
