namespace VariationalBoN.Weights;

/// <summary>How the names of a family's files relate to those of its module,
/// which are the names of transformers' model without a head.</summary>
/// <param name="Prefix">What transformers' model with a head puts before every name of the model without one,
/// such as <c>transformer.</c>.</param>
/// <param name="Head">The name of the output layer, which stands beside the prefix:
/// <c>lm_head.weight</c> or <c>embed_out.weight</c>.</param>
/// <param name="Embedding">The name of the token embedding in the module;
/// a file of a model with tied embeddings may hold it a second time under <paramref name="Head"/>.</param>
/// <param name="Buffers">Endings of names that files of older versions hold besides the weights:
/// masks and frequencies, which are computed here.</param>
internal sealed record WeightNames(string Prefix, string Head, string Embedding, params string[] Buffers)
{
    /// <summary>The name in a file of transformers' model with a head.</summary>
    internal string InFile(string name) => name == Head ? name : Prefix + name;

    /// <summary>Whether a name in a file is a buffer, to be passed over.</summary>
    internal bool IsBuffer(string nameInFile) => Buffers.Any(ending => nameInFile.EndsWith(ending, StringComparison.Ordinal));
}
