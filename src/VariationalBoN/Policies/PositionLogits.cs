using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>The logits [N, V] at N positions, computed a few rows at a time where the module tells its output layer.</summary>
internal sealed class PositionLogits
{
    /// <summary>The most logits that are held at a time where a gradient is wanted.</summary>
    internal const int BlockElements = 1 << 24;

    /// <summary>
    /// The most logits that are held at a time where none is: below 32 MiB in float32,
    /// up to which glibc takes memory from its heap again instead of fetching fresh pages.
    /// </summary>
    internal const int ScoredElements = 8_000_000;

    private readonly Tensor? _logits;

    internal PositionLogits(Tensor logits)
    {
        _logits = logits;
        (Count, VocabularySize) = (logits.size(0), logits.size(1));
    }

    internal PositionLogits(Tensor hidden, Tensor weight, Tensor? told = null)
    {
        (Hidden, Weight, Told) = (hidden, weight, told ?? hidden);
        (Count, VocabularySize) = (hidden.size(0), weight.size(0));
    }

    /// <summary>N.</summary>
    internal long Count { get; }

    /// <summary>V.</summary>
    internal long VocabularySize { get; }

    /// <summary>What the output layer reads, [N, C]; null where the module gives only logits.</summary>
    internal Tensor? Hidden { get; }

    /// <summary>What the output layer reads, where layers were asked for with their hidden
    /// states beside it, [N, C (1 + layers)]; null where the module gives only logits.</summary>
    internal Tensor? Told { get; }

    /// <summary>The output layer, [V, C]; null where the module gives only logits.</summary>
    internal Tensor? Weight { get; }

    /// <summary>
    /// These logits with the output layer in the element type of the hidden states, which is that of their product: a model of mixed
    /// precision gives bfloat16 where its weights are float32. In the dispose scope of the caller; carries the gradient to the weight.
    /// </summary>
    internal PositionLogits InOneType() =>
        Hidden is null || Weight is null || Hidden.dtype == Weight.dtype ? this : new PositionLogits(Hidden, Weight.to(Hidden.dtype), Told);

    /// <summary>Logits [n, V] of some of the positions, int64 [n].</summary>
    internal Tensor At(Tensor index) => _logits?.index_select(0, index) ?? nn.functional.linear(Hidden!.index_select(0, index), Weight!);

    /// <summary>Logits [count, V] of the positions from <paramref name="start"/> on.</summary>
    internal Tensor Rows(long start, long count) =>
        _logits?.narrow(0, start, count) ?? nn.functional.linear(Hidden!.narrow(0, start, count), Weight!);
}
