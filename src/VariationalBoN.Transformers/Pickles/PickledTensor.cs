namespace VariationalBoN.Transformers.Pickles;

/// <summary>A tensor as a pickled state dictionary describes it: a view of a storage that lies elsewhere in the archive.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);
