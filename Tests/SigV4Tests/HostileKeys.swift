/// Made by Support/vectors.py: signatures by another implementation.
enum HostileKeys {
    static let all: [(key: String, query: Int, token: String?, headers: String, presigned: String)] = [
        (
            "plain", 0, "to/ken+=",
            "e410d309f7a68fefef7cf5e8cfa286dca72ec113b9b9b93437f1b26a3794e4a6",
            "289c3ad90ccdb05002954d7361b500f48f38416511899546ee38340215ba565b"
        ),
        (
            "a b", 1, nil,
            "604ba7d40c94b63eb8f6b8501975f5e7f6097ab19e2c852ae51ff3b63895fbf2",
            "dc76d616ff16705a4f87335baface614cbd937437058d48a807eed5d048d40ce"
        ),
        (
            "a+b", 2, nil,
            "5885d6cfe8b2c8a25369f4287c74f475b9c2bc784801b7b3717045de37cb39c6",
            "960673ba9531a6508a0eaa59b8d70c8316a1236fe71930b998467e1e6a251a01"
        ),
        (
            "a%20b", 0, "to/ken+=",
            "57bff598e19bfbf32a8eeac6d31ecb475a4a2beb5d0b241fed546c5c6947cffa",
            "cb196acba26d34f8ffc2f0912883eda72c2d9c8eaf4308ff76829ea18ffd6e38"
        ),
        (
            "a%2Fb", 1, nil,
            "3fc98afa885b558fade5228f9e8d8c4c90e6935053545caed812354af5d7e6ab",
            "4d88f7cab3b3668cbed214abc3bd5bae5490d96933598fd410e048b9e7e67e69"
        ),
        (
            "a//b", 2, nil,
            "214bd8de99c4478852f45dbe1545d36617929b45afce70325af7283862502815",
            "36844f2af22c9842f8566716c8956f8d88711b1bb98d19d9da43f95e0ce5934a"
        ),
        (
            "./a/../b", 0, "to/ken+=",
            "43be5edbdfb27c44b1f8cf2b62e07ca4a30c6bdf64faef4cae83e5b6cfaeebad",
            "44b2d9602afe465d31558e821e9ec38fe98fad5ba1ee639f5411a7e1ab8529b9"
        ),
        (
            "..", 1, nil,
            "13935092f091a47baaa21f557636a618c89d6ac2bc928929280dc8c6bf3a11a6",
            "966e88b8907ddabcc59a5196f45f7bbe96444a820caa7d4d7c8dc7f173543f94"
        ),
        (
            "a/./", 2, nil,
            "5b0dce8fc2e9a28b9743a07ee8b3ba79ee9aeb03c7fe9cf1a98c4eed31290930",
            "204a8ae81c40b22cefec88be948dd606d2b9d76123c644e292fffd9720ce532f"
        ),
        (
            "\u{fc}/\u{65e5}\u{672c}/\u{1f600}", 0, "to/ken+=",
            "4cc25b8a389820d486f6ebd4423f8a459b2fefa5e91cefd568b00b6b9de97726",
            "911676d28cda2dbfa94eb0906feb732c40e0c4b243fcce9298b8be6cd6b81c31"
        ),
        (
            "e\u{301}", 1, nil,
            "201138ae22c9e26ca2dd20389a48a9f2ac091ebefc396b9486f46bd3f0e27f65",
            "72e5204c3fe29a26671c02ad8fc7bdf0e637cc3b4caa0679b8339b1a29c8692d"
        ),
        (
            "a?b=c&d", 2, nil,
            "6d0e4f93f5330e12130c22c6c5685653dedf4ac8439a16071ec44188a6fb7db5",
            "d773dd96e8fced232097b8888bed3eca395153a8f83ab5e6b5de974245564887"
        ),
        (
            "a#b", 0, "to/ken+=",
            "862114fe791cb72679c8e81dc76678b8f9c529e8a0a8cec2635b6256b68f993c",
            "dfe5bec36deef559454ca7363dbd5707f8c73b6fa8beafc0d99b211ca7abd5ee"
        ),
        (
            "a;b,c", 1, nil,
            "43077830ae520368cfc53fff7446b44e09ea772608bcd54e14ca6d70d9ed8de7",
            "4713c36091c7d2ce74ad6a5fcd2cb381986d2cfd301a4861ba5e002c3309b01c"
        ),
        (
            "a'b\u{22}c`d", 2, nil,
            "b5633d6e44637d93a243625a65eb13a010738e55dcf10e3998310976f1c0f47a",
            "026bdd4af00398f895aea48a035898f25a27a6ff1f75179d8fe6176dec615387"
        ),
        (
            "a\u{5c}b", 0, "to/ken+=",
            "d4937994859fcdf1ac09f3ff181011f3cf290857f38e6c53b70376412033c61d",
            "88d720a174da519c9b8771e02a870082decfca8e41d52cad39b27e72bb64e614"
        ),
        (
            "a*b", 1, nil,
            "50643a1453b8a7f2ef3dbf7cac21e5fc2182037c8c5b90923e865e0408a4745b",
            "e3082890b2d60dd47be683ee15b9ab4733fa9a787ba8539ed60c5b421c7063a4"
        ),
        (
            "a(b)!$&@:=", 2, nil,
            "9a24d7093ece2011cb2266c5531cbfe8e988336eae63f20908ac94505c32e365",
            "c01513fe51f59ed60f1a77d3e5ac4030ed5584ec2eef702fa789d1a30354f49a"
        ),
        (
            "~._-", 0, "to/ken+=",
            "84db5ea6c00fd5449132ce24a583756d0bf17a794ab2dd7b00aa4cbf46fac3d3",
            "646a0099ad52a264dda66a488fd97af64bb1c7f18f01191a21c5f30728ba4686"
        ),
        (
            "[{}]|^<>", 1, nil,
            "18de67ca05a75fadfcf9ec91e3f5955c870658ed6d43139b30fea5adc020e2f6",
            "459a21514ce62963629d066cd57fd7b17733127e993b6fe2c43e690944e30716"
        ),
        (
            "\u{a0}", 2, nil,
            "78f770710ba8c1d6615e2ba14d74a1ca4af4791bc0fd92c081187601f696dbf3",
            "d4f1a1377cd14f1b22a4a47a748417efefbe1cf0bb82d0ded569046ae63b99a0"
        ),
        (
            "%", 0, "to/ken+=",
            "b5fed8b551f8ea813521b8cbf7dab0eb56fedb034e574819b07e5b94c5cc7099",
            "5c585846c38112efbe8330b85ec4f4fc26632db47c6d0e01473c457b7f69c780"
        ),
        (
            "%%41", 1, nil,
            "2a5b073836eaea6d47e488fa975f7681e3e8989a1cae2f626f9c0a4aa23b8e1d",
            "3bac4bf203b2dc5d4b7818608b644d73accf072ec189b5961d4152337e3f833a"
        ),
        (
            "a=b&X-Amz-Date=1", 2, nil,
            "7114ab058d50ee0c95778c4c316b700b84214d6b3cd404f89f7e6b0c70022b5d",
            "964cb2961a7d8667337a37883de8b486ca6d0923a62eb88309b69728e0019279"
        ),
        (
            "docker/registry/v2/repositories/a/_manifests/tags/V1.0_x-y/current/link", 0, "to/ken+=",
            "ada04d062963fb1ca2dff09a80f0d283992d0d3747810a03cd7d754a0881a6b7",
            "07bb8c34965021223c46d4cfa9a082edb695aa42773fea4adb467d5a62de5b3a"
        ),
    ]
}
