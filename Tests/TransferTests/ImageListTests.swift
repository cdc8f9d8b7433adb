import OCI
import Registry
import Testing
import Transfer

@Suite struct ImageListTests {
    @Test func aPlainListHasANameInEachLine() {
        let text = """
            # what the cluster needs
            alpine:3.20
              quay.io/a/b:c   # a comment
            - "docker.io/library/x@sha256:00"

            alpine:3.20
            """
        #expect(ImageList(text).names == ["alpine:3.20", "quay.io/a/b:c", "docker.io/library/x@sha256:00"])
    }

    @Test func manifestsOfKubernetesNameImagesByTheirKey() {
        let text = """
            apiVersion: apps/v1
            kind: Deployment
            spec:
              template:
                spec:
                  initContainers:
                    - image: busybox:1.36
                      name: init
                  containers:
                  - name: app
                    image: "quay.io/team/app:2"   # pinned
                    imagePullPolicy: Always
                  - {name: side, image: 'team/side:1', args: []}
            ---
            kind: Custom
            spec:
              sidecarImage: ghcr.io/x/y:z
              image:
                repository: no/name
              # image: commented/out:1
              otherImage: {{ .Values.x }}
            """
        #expect(
            ImageList(text).names == ["busybox:1.36", "quay.io/team/app:2", "team/side:1", "ghcr.io/x/y:z"])
    }

    @Test func aNameInPartsIsPutTogether() {
        let text = """
            image:
              registry: quay.io
              repository: team/app   # the first
              tag: "1.2"
              pullPolicy: Always
            sidecars:
              - image:
                  repository: other/app
                  digest: 'sha256:00'
                name: side
              - initImage:
                  repository: with/nothing
              - initImage:
                  repository: with/template
                  tag: {{ .Values.tag }}
                image: last:1
            """
        #expect(
            ImageList(text).names == [
                "quay.io/team/app:1.2", "other/app@sha256:00", "last:1",
            ])
    }

    @Test func keysOfCustomResourcesAreThoseThatOneNames() {
        let text = """
            kind: Cluster
            spec:
              workerRef: team/worker:1
              driver: {name: x, engine-ref: 'team/engine:2'}
              image: team/app:3
            """
        #expect(ImageList(text).names == ["team/app:3"])
        #expect(
            ImageList(text, keys: ["*Ref", "engine-*"]).names == ["team/worker:1", "team/engine:2", "team/app:3"])
    }

    @Test func jsonIsReadAsWell() {
        let text = #"{"spec":{"containers":[{"image":"a/b:1","name":"x"},{"name":"y","image": "c/d:2"}]}}"#
        #expect(ImageList(text).names == ["a/b:1", "c/d:2"])
    }

    @Test func tablesOfOtherToolsAreRead() {
        let docker = """
            REPOSITORY   TAG       IMAGE ID       CREATED        SIZE
            alpine       3.20      0123456789ab   2 weeks ago    7.8MB
            <none>       <none>    0123456789ac   2 weeks ago    7.8MB
            """
        #expect(ImageList(docker).names == ["alpine:3.20"])
        let crictl = """
            IMAGE                        TAG      IMAGE ID        SIZE
            registry.k8s.io/pause        3.9      e6f1816883972   322kB
            """
        #expect(ImageList(crictl).names == ["registry.k8s.io/pause:3.9"])
        let ctr = """
            REF                           TYPE    DIGEST    SIZE    PLATFORMS   LABELS
            docker.io/library/alpine:3.20 x/y     sha256:1  3.4 MiB linux/amd64 -
            """
        #expect(ImageList(ctr).names == ["docker.io/library/alpine:3.20"])
    }

    @Test func theTableOfDocker29IsReadWithWhatStandsAroundIt() {
        let docker = """
                                                                 i Info →   U  In Use
            IMAGE              ID             DISK USAGE   CONTENT SIZE   EXTRA
            alpine:3.20        0123456789ab       12.8MB         3.86MB    U
            ├─ linux/amd64     0123456789ac       12.8MB         3.86MB
            └─ linux/arm64     0123456789ad         0B             0B
            <untagged>         0123456789ae       12.8MB         3.86MB
            quay.io/team/app:1 0123456789af       12.8MB         3.86MB
            """
        #expect(ImageList(docker).names == ["alpine:3.20", "quay.io/team/app:1"])
        let piped = docker.split(separator: "\n").dropFirst().joined(separator: "\r\n")
        #expect(ImageList(piped).names == ["alpine:3.20", "quay.io/team/app:1"])
    }

    /// Kubernetes has each image of containerd three times: by name, by name and digest, and by the digest of its configuration.
    @Test func digestsWithoutNamesArePassedOver() {
        let digest = "sha256:\(String(repeating: "0", count: 64))"
        let ctr = """
            REF                                    TYPE DIGEST SIZE PLATFORMS LABELS
            registry.k8s.io/pause:3.9              x/y  \(digest) 3.4 MiB linux/amd64 io.cri-containerd.image=managed
            registry.k8s.io/pause@\(digest) x/y  \(digest) 3.4 MiB linux/amd64 io.cri-containerd.image=managed
            \(digest) x/y  \(digest) 3.4 MiB linux/amd64 io.cri-containerd.image=managed
            """
        #expect(ImageList(ctr).names == ["registry.k8s.io/pause:3.9", "registry.k8s.io/pause@\(digest)"])
    }

    @Test func anchorsTypesAndOtherValuesOfYAMLAreNoNames() {
        let text = """
            useImage: true
            pullImage: "false"
            noImage: ~
            image: &main team/app:1
            sideImage: *main
            initImage: !!str 'team/init:2'
            otherImage: &parts
              repository: &repository team/parts
              tag: !!str 3
            """
        #expect(ImageList(text).names == ["team/app:1", "team/init:2", "team/parts:3"])
    }

    @Test(arguments: ["alpine:3.20\nbusybox:1", "image: alpine:3.20\nimage: busybox:1"])
    func theMarkOfAnEncodingIsNoPartOfAName(text: String) {
        #expect(ImageList("\u{FEFF}" + text).names == ["alpine:3.20", "busybox:1"])
    }

    @Test(arguments: [
        ("alpine", "docker.io/library/alpine"), ("local/app:1", "local/app:1"), ("local/app:1.*", "local/app:1.*"),
        ("nginx:1.2*", "docker.io/library/nginx:1.2*"), ("docker.io/x:1", "docker.io/x:1"),
        ("team/app:1", "docker.io/team/app:1"),
    ])
    func namesMeanThisRegistrysOwnBeforeDockers(text: String, pattern: String) throws {
        #expect(try Site().namespaces.pattern(named: text)?.description == pattern)
    }
}
