import CEL

extension Vector {
    /// Why the vector fails, or nil when it passes.
    public func failure() -> String? {
        do {
            return try run()
        } catch {
            return "cannot be read: \(error)"
        }
    }

    private enum Outcome {
        case value(Value, CELType)
        case failure(String)
    }

    private func run() throws -> String? {
        let outcome = try outcome()
        switch (expected, outcome) {
        case (.error, .failure):
            return nil
        case (.error, .value(let value, _)):
            return "\(expression): expected an error, got \(value)"
        case (.value, .failure(let message)), (.type, .failure(let message)):
            return "\(expression): \(message)"
        case (.value(let json), .value(let value, _)):
            return try mismatch(value, json)
        case (.type(let json, let expectedValue), .value(let value, let type)):
            let expectedType = try CELType(vector: json)
            if type != expectedType { return "\(expression): expected type \(expectedType), got \(type)" }
            guard let expectedValue, !isCheckOnly else { return nil }
            return try mismatch(value, expectedValue)
        }
    }

    private func mismatch(_ value: Value, _ json: JSON) throws -> String? {
        let wanted = try Value(vector: json)
        return value.isSameResult(as: wanted) ? nil : "\(expression): expected \(wanted), got \(value)"
    }

    private func outcome() throws -> Outcome {
        let declarations = try VectorDeclarations(declarations)
        let declared = Set(declarations.variables.map(\.name))
        let undeclared = bindings.keys.filter { !declared.contains($0) }.map { VariableDeclaration($0, .dyn) }
        let environment = CELEnvironment(
            variables: declarations.variables + undeclared, functions: declarations.functions, container: container)
        var activation = environment.activation()
        for (name, binding) in bindings {
            activation[name] = try binding["value"].map { try Value(vector: $0) }
        }
        do throws(CELIssues) {
            let program = try isChecked ? environment.compile(expression) : environment.compileUnchecked(expression)
            if isCheckOnly { return .value(.null, program.resultType) }
            do throws(CELError) {
                return .value(try program.evaluate(activation), program.resultType)
            } catch {
                return .failure("\(error)")
            }
        } catch {
            return .failure("\(error)")
        }
    }
}
