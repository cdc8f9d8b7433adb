print("entrepot")
