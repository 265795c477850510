using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

/// <summary>Each position sees all others: what stands in the padding counts.</summary>
internal sealed class NonCausalModule : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> inner;

    internal NonCausalModule(nn.Module<Tensor, Tensor> inner)
        : base(nameof(NonCausalModule))
    {
        this.inner = inner;
        RegisterComponents();
        eval();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var logits = inner.call(input); // [B, T, V]
        return (logits + logits.mean([1], keepdim: true)).MoveToOuterDisposeScope(); // [B, T, V]
    }
}

/// <summary>Dropout that ignores the mode of the module.</summary>
internal sealed class NoisyModule : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> inner;

    internal NoisyModule(nn.Module<Tensor, Tensor> inner)
        : base(nameof(NoisyModule))
    {
        this.inner = inner;
        RegisterComponents();
        eval();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return nn.functional.dropout(inner.call(input), 0.1, training: true).MoveToOuterDisposeScope();
    }
}

/// <summary>A cache that hands rows their neighbours' keys and values when rows are selected.</summary>
internal sealed class MixedUpCache : nn.Module<Tensor, Tensor>, ICachedDecoder
{
    private readonly Gpt2 inner;

    internal MixedUpCache(Gpt2 inner)
        : base(nameof(MixedUpCache))
    {
        this.inner = inner;
        RegisterComponents();
        eval();
    }

    public int VocabularySize => ((ICachedDecoder)inner).VocabularySize;

    public int MaxLength => ((ICachedDecoder)inner).MaxLength;

    public override Tensor forward(Tensor input) => inner.call(input);

    public Tensor LogitsAt(Tensor tokens, Tensor positions) => ((ICachedDecoder)inner).LogitsAt(tokens, positions);

    public IDecoding StartDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits) =>
        new Decoding(((ICachedDecoder)inner).StartDecoding(tokens, lengths, additionalTokens, out logits));

    private sealed class Decoding(IDecoding inner) : IDecoding
    {
        private readonly IDecoding _inner = inner;

        public Tensor Append(Tensor tokens) => _inner.Append(tokens);

        public void SelectRows(ReadOnlySpan<int> rows) => _inner.SelectRows(Reversed(rows));

        public IDecoding CopyRows(ReadOnlySpan<int> rows) => new Decoding(_inner.CopyRows(Reversed(rows)));

        public void AddRows(IDecoding from, ReadOnlySpan<int> rows) => _inner.AddRows(((Decoding)from)._inner, Reversed(rows));

        private static int[] Reversed(ReadOnlySpan<int> rows)
        {
            int[] reversed = rows.ToArray();
            Array.Reverse(reversed);
            return reversed;
        }

        public void Dispose() => _inner.Dispose();
    }
}
