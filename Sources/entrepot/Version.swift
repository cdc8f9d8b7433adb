/// The version of this build; the only place that says it.
let entrepotVersion = "0.1.0"
