package model

// Entities returns the distinct entities that the labels name, in the order in
// which they come, each as first spelled; names that [SameEntity] folds together
// count once. More than one means that the labels are in conflict.
func Entities(ls []Label) []string {
	var names, keys []string
next:
	for i := range ls {
		key := EntityKey(ls[i].Entity)
		for _, k := range keys {
			if k == key {
				continue next
			}
		}
		names, keys = append(names, ls[i].Entity), append(keys, key)
	}
	return names
}
