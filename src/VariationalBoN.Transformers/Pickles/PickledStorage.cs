using TorchSharp;

namespace VariationalBoN.Transformers.Pickles;

/// <summary>A run of <paramref name="Count"/> elements under a key of the archive.</summary>
internal sealed record PickledStorage(torch.ScalarType Type, string Key, long Count);
