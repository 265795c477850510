using System.Collections.Immutable;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>A module seen as a causal language model: shapes checked,
/// the fast paths of <see cref="ICachedDecoder"/> taken where there are any.</summary>
internal sealed class CausalModel
{
    private readonly nn.Module<Tensor, Tensor> _module;
    private readonly ICachedDecoder? _decoder;

    internal CausalModel(nn.Module<Tensor, Tensor> module, int vocabularySize)
    {
        _module = module;
        _decoder = module as ICachedDecoder;
        VocabularySize = vocabularySize;
        if (_decoder is not null)
            RequireVocabulary(_decoder.VocabularySize);
        else
            Probe();
    }

    private CausalModel(CausalModel other)
    {
        _module = other._module;
        VocabularySize = other.VocabularySize;
    }

    internal nn.Module<Tensor, Tensor> Module => _module;

    internal bool HasDecoder => _decoder is not null;

    internal int VocabularySize { get; }

    internal int? MaxLength => _decoder?.MaxLength;

    internal Device Device => _module.parameters().FirstOrDefault()?.device ?? _module.buffers().FirstOrDefault()?.device ?? CPU;

    /// <summary>Logits [B, T, V] of tokens [B, T].</summary>
    internal Tensor Forward(Tensor tokens)
    {
        var logits = _module.call(tokens);
        if (logits.dim() != 3 || logits.size(0) != tokens.size(0) || logits.size(1) != tokens.size(1))
            throw new InvalidOperationException(
                $"{_module.GetName()} returned logits {Shown.Shape(logits.shape)} for tokens {Shown.Shape(tokens.shape)}; it must return "
                    + $"[{tokens.size(0)}, {tokens.size(1)}, {VocabularySize}]."
            );
        RequireVocabulary(logits.size(2));
        return logits;
    }

    /// <summary>The logits at positions [N] of the B * T of tokens [B, T].</summary>
    internal PositionLogits LogitsAt(Tensor tokens, Tensor positions) =>
        _decoder is ILinearHead head
            ? new PositionLogits(head.HiddenStatesAt(tokens, positions), head.HeadWeight)
            : new PositionLogits(
                _decoder?.LogitsAt(tokens, positions) ?? Forward(tokens).reshape(-1, VocabularySize).index_select(0, positions)
            );

    /// <summary>The logits at positions [N] of the B * T of tokens [B, T], with hidden states of
    /// layers beside what the output layer reads (<see cref="PositionLogits.Told"/>).</summary>
    /// <exception cref="ArgumentException">The module does not tell these layers.</exception>
    internal PositionLogits LogitsAt(Tensor tokens, Tensor positions, ImmutableArray<int> layers) =>
        layers.IsEmpty ? LogitsAt(tokens, positions) : LogitsOf(HiddenStatesAt(tokens, positions, layers), layers);

    /// <summary>What the output layer reads at positions [N] of the B * T of tokens [B, T],
    /// and layers beside it: [N, C (1 + layers)].</summary>
    /// <exception cref="ArgumentException">The module does not tell its hidden states, or these layers.</exception>
    internal Tensor HiddenStatesAt(Tensor tokens, Tensor positions, ImmutableArray<int> layers) =>
        layers.IsEmpty
            ? HiddenDecoder.HiddenStatesAt(tokens, positions)
            : LayerDecoder(layers).HiddenStatesAt(tokens, positions, layers.AsSpan());

    /// <summary>The logits of what <see cref="HiddenStatesAt"/> or <see cref="StartHiddenDecoding"/> gave.</summary>
    /// <param name="told">[N, C (1 + layers)].</param>
    /// <param name="layers">The layers beside the last hidden states.</param>
    internal PositionLogits LogitsOf(Tensor told, ImmutableArray<int> layers)
    {
        Tensor weight = HiddenDecoder.HeadWeight;
        long width = weight.size(1);
        if (told.size(1) != width * (1 + layers.Length))
            throw new InvalidOperationException(
                $"{_module.GetName()} returned hidden states {Shown.Shape(told.shape)}; with {layers.Length} layers beside the last they "
                    + $"must be [{told.size(0)}, {width * (1 + layers.Length)}]."
            );
        return new PositionLogits(layers.IsEmpty ? told : told.narrow(1, 0, width), weight, told);
    }

    internal IDecoding StartDecoding(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        int additionalTokens,
        bool useCache,
        IDecoding? beside,
        out Tensor logits
    )
    {
        if (_decoder is null || !useCache)
        {
            var decoding = new RecomputedDecoding(this, prompts);
            logits = decoding.Logits();
            return decoding;
        }

        using var padded = Padded(prompts, out int[] lengths);
        return beside is not null && _decoder is ISharingDecoder sharing
            ? sharing.StartDecoding(beside, padded, lengths, additionalTokens, out logits)
            : _decoder.StartDecoding(padded, lengths, additionalTokens, out logits);
    }

    /// <summary>Decoding that gives what the output layer reads, and layers beside it,
    /// [rows, C (1 + layers)], in place of logits.</summary>
    /// <exception cref="ArgumentException">The module does not tell its hidden states, or these layers.</exception>
    internal IDecoding StartHiddenDecoding(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        int additionalTokens,
        ImmutableArray<int> layers,
        out Tensor hidden
    )
    {
        using var padded = Padded(prompts, out int[] lengths);
        return layers.IsEmpty
            ? HiddenDecoder.StartHiddenDecoding(padded, lengths, additionalTokens, out hidden)
            : LayerDecoder(layers).StartHiddenDecoding(padded, lengths, additionalTokens, layers.AsSpan(), out hidden);
    }

    /// <summary>The module as one that tells its hidden states.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    internal IHiddenDecoder HiddenDecoder =>
        _decoder as IHiddenDecoder
        ?? throw new ArgumentException(
            $"{_module.GetName()} does not give its hidden states, which a learned value head reads: use a module that implements "
                + $"{nameof(IHiddenDecoder)}, such as the decoders of VariationalBoN.Transformers, with its fast paths."
        );

    /// <summary>The module as one that tells hidden states of these layers.</summary>
    /// <exception cref="ArgumentException">It does not, or has fewer.</exception>
    internal ILayerDecoder LayerDecoder(ImmutableArray<int> layers)
    {
        if (_decoder is not ILayerDecoder decoder)
            throw new ArgumentException(
                $"{_module.GetName()} does not give the hidden states of its layers ({string.Join(", ", layers)}), which a learned value "
                    + $"head is to read: use a module that implements {nameof(ILayerDecoder)}, such as the decoders of "
                    + $"VariationalBoN.Transformers, with its fast paths; or a head that reads the last hidden states alone."
            );
        int most = layers.Max();
        return most < decoder.LayerCount
            ? decoder
            : throw new ArgumentException(
                $"A value head is to read layer {most} of {_module.GetName()}, whose layers are 0 (what the first block reads) to "
                    + $"{decoder.LayerCount - 1}; what the last block gives is read in any case."
            );
    }

    /// <summary>The module used by its forward pass alone.</summary>
    internal CausalModel WithoutDecoder() => new(this);

    /// <summary>What is said where logits are no distribution.</summary>
    /// <param name="what">What they are of, such as "completion 3".</param>
    internal ArithmeticException NoDistribution(string what) =>
        new(
            $"{_module.GetName()} returned logits that are no distribution (NaN or infinity) for {what}: its weights have probably "
                + $"diverged."
        );

    internal void RequireEvaluationMode() =>
        TrainingModeException.Refuse(_module, "sampling and log-probabilities may speak of different distributions");

    /// <summary>Prompts [rows, longest], right-padded with token 0.</summary>
    private Tensor Padded(IReadOnlyList<IReadOnlyList<int>> prompts, out int[] lengths)
    {
        lengths = [.. prompts.Select(prompt => prompt.Count)];
        int longest = lengths.Max();
        long[] tokens = new long[prompts.Count * longest];
        for (int row = 0; row < prompts.Count; row++)
        {
            for (int i = 0; i < lengths[row]; i++)
                tokens[(row * longest) + i] = prompts[row][i];
        }

        return tensor(tokens, [prompts.Count, longest], device: Device);
    }

    /// <summary>Passes one token through a module that does not tell its vocabulary.</summary>
    private void Probe()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Forward(zeros([1, 1], ScalarType.Int64, Device));
    }

    private void RequireVocabulary(long size)
    {
        if (size != VocabularySize)
            throw new ArgumentException(
                $"{_module.GetName()} returns logits of {size} tokens, but the tokenizer has {VocabularySize}: give the model and the "
                    + $"tokenizer that belong together."
            );
    }
}
