package main

func Example() {
	main()
	// Output:
	// likely, 0.72: Thief paid 0.35000000 BTC to bc1q24cw437hewla6ydezpjn0gdywjj43u02gdrjj3, an address of the hash marketplace HashBazaar.
}
