using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

public abstract partial class CausalTransformer : ILayerDecoder
{
    /// <summary>What the output layer reads: the hidden states after the last normalisation.</summary>
    /// <param name="tokens">Tokens [B, T], int64, right-padded, T at most <see cref="MaxLength"/>.</param>
    /// <returns>A fresh tensor [B * T, C], the caller's to dispose; position t of row b is in row b * T + t.</returns>
    /// <exception cref="ArgumentException">The shape or type is another one.</exception>
    public Tensor HiddenStates(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        return Trunk(tokens, null).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor HiddenStatesAt(Tensor tokens, Tensor positions) => HiddenAt(tokens, positions, []);

    /// <inheritdoc/>
    public IDecoding StartHiddenDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor hidden) =>
        Start(tokens, lengths, additionalTokens, hiddenLayers: [], null, out hidden);

    int ILayerDecoder.LayerCount => Shape.Layers;

    Tensor ILayerDecoder.HiddenStatesAt(Tensor tokens, Tensor positions, ReadOnlySpan<int> layers) =>
        HiddenAt(tokens, positions, Checked(layers));

    IDecoding ILayerDecoder.StartHiddenDecoding(
        Tensor tokens,
        ReadOnlySpan<int> lengths,
        int additionalTokens,
        ReadOnlySpan<int> layers,
        out Tensor hidden
    ) => Start(tokens, lengths, additionalTokens, Checked(layers), null, out hidden);

    private Tensor HiddenAt(Tensor tokens, Tensor positions, int[] layers)
    {
        ArgumentNullException.ThrowIfNull(positions);
        using var scope = NewDisposeScope();
        var tap = Tap(layers, positions);
        return Output(Trunk(tokens, null, tap).index_select(0, positions), layers, tap).MoveToOuterDisposeScope();
    }

    private int[] Checked(ReadOnlySpan<int> layers)
    {
        foreach (int layer in layers)
        {
            if (layer < 0 || layer >= Shape.Layers)
                throw new ArgumentOutOfRangeException(nameof(layers), layer, $"The layers of this model are 0 to {Shape.Layers - 1}.");
        }

        return layers.ToArray();
    }

    private static LayerTap? Tap(int[]? layers, Tensor? rows) => layers is null or [] ? null : new LayerTap(layers, rows);

    /// <summary>Logits of last hidden states [N, C]; or these themselves, and beside them the layers that were taken.</summary>
    private Tensor Output(Tensor hidden, int[]? hiddenLayers, LayerTap? tap)
    {
        if (hiddenLayers is null)
            return Head(hidden);
        var last = ForHead(hidden);
        return tap?.Beside(last) ?? last;
    }
}
