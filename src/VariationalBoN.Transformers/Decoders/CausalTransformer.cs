using TorchSharp.Modules;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// A decoder-only language model: int64 tokens [B, T] to logits [B, T, V] on the device and in the element type of its parameters; the
/// logits at a position depend on the tokens up to it alone.
/// </summary>
/// <remarks>
/// <para>It has an embedding, blocks, a last normalisation and an output layer; the families differ in the blocks. Parameters have the
/// names and layouts of transformers' model without a head (<c>h.0.attn.c_attn.weight</c>, <c>layers.0.self_attn.q_proj.weight</c>); an
/// output layer that is not the token embedding has the name <c>lm_head.weight</c>. There is no dropout.
/// Several threads may run it at the same time as long as none changes its parameters.</para>
/// <para>For contributors, an order to read the code in: this file (a pass over tokens), <c>DecoderBlock</c> and <c>AttentionPass</c> (what
/// a block is given), <c>Gpt2Block</c> (the simplest family), <c>LlamaBlock</c> with <c>RotaryEmbedding</c>, then
/// <c>TransformerDecoding</c> with <c>KeyValueSlots</c> (the cache). A new family is one configuration (<c>CausalTransformerConfig</c>) and
/// one block.</para>
/// </remarks>
public abstract partial class CausalTransformer : nn.Module<Tensor, Tensor>, ISharingDecoder
{
    private readonly Products _products;

    private protected CausalTransformer(string name, ParameterSource parameters)
        : base(TorchRuntime.RequireBefore(name)) => _products = parameters.Products;

    /// <summary>The shape of the model, whatever its family.</summary>
    public abstract CausalTransformerConfig Shape { get; }

    /// <inheritdoc/>
    public int VocabularySize => Shape.VocabularySize;

    /// <inheritdoc/>
    public int MaxLength => Shape.MaxLength;

    /// <summary>The device of the parameters.</summary>
    public Device Device => Embedding.device;

    /// <summary>The element type of the parameters, and of the activations without <see cref="MixedPrecision"/>.</summary>
    public ScalarType ElementType => Embedding.dtype;

    /// <summary>What the adapters of the model were made from, known to the room that made them; null when it has none.</summary>
    internal object? AdaptedBy { get; set; }

    /// <summary>The token embedding, [V, C].</summary>
    private protected abstract Parameter Embedding { get; }

    /// <inheritdoc/>
    public abstract Tensor HeadWeight { get; }

    private protected abstract IEnumerable<DecoderBlock> Blocks { get; }

    private protected abstract nn.Module<Tensor, Tensor> FinalNorm { get; }

    /// <summary>The rotary positions; null where positions are embedded.</summary>
    private protected virtual RotaryEmbedding? Rotary => null;

    /// <summary>The logits of the next token at every position.</summary>
    /// <param name="input">Tokens [B, T], int64, on the device of the parameters, T at most <see cref="MaxLength"/>.</param>
    /// <returns>A fresh tensor [B, T, V], the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">The shape or type is another one.</exception>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Head(Trunk(input, null)).view(input.size(0), input.size(1), VocabularySize).MoveToOuterDisposeScope();
    }

    /// <summary>The logits of the next token at every position of a batch with padding on either side,
    /// as Python's <c>model(input_ids, attention_mask, position_ids)</c>.</summary>
    /// <param name="tokens">Tokens [B, T], int64, on the device of the parameters, padded on the left or on the right with any ids.</param>
    /// <param name="attentionMask">Numbers or truth values [B, T], 0 or false for padding.
    /// Positions count from the first token of a row.</param>
    /// <returns>A fresh tensor [B, T, V], the caller's to dispose, as if each row stood alone;
    /// what it holds at padding is arbitrary.</returns>
    /// <exception cref="ArgumentException">A shape or type is another one, or a row has no token or padding between its tokens.</exception>
    public Tensor Logits(Tensor tokens, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        var rows = new PaddedRows(tokens, attentionMask);
        return rows.Back(forward(rows.Tokens)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor LogitsAt(Tensor tokens, Tensor positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        using var scope = NewDisposeScope();
        return Head(Trunk(tokens, null).index_select(0, positions)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public IDecoding StartDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits) =>
        Start(tokens, lengths, additionalTokens, hiddenLayers: null, null, out logits);

    IDecoding ISharingDecoder.StartDecoding(
        IDecoding beside,
        Tensor tokens,
        ReadOnlySpan<int> lengths,
        int additionalTokens,
        out Tensor logits
    ) => Start(tokens, lengths, additionalTokens, hiddenLayers: null, beside as TransformerDecoding, out logits);

    private TransformerDecoding Start(
        Tensor tokens,
        ReadOnlySpan<int> lengths,
        int additionalTokens,
        int[]? hiddenLayers, // null for logits
        TransformerDecoding? beside,
        out Tensor output
    )
    {
        ArgumentNullException.ThrowIfNull(tokens);
        using var scope = NewDisposeScope();
        var prompts = new KeyValues();
        var narrowed = MixedPrecision ? beside?.Narrowed?.Share() ?? new NarrowedWeights() : null;
        try
        {
            using var use = NarrowedWeights.Begin(narrowed);
            var ends = LastPositions(lengths, tokens.size(1));
            var tap = Tap(hiddenLayers, ends);
            output = Output(Trunk(tokens, prompts.Keep, tap).index_select(0, ends), hiddenLayers, tap).MoveToOuterDisposeScope();
            return new TransformerDecoding(this, prompts, lengths, additionalTokens, hiddenLayers, narrowed);
        }
        catch
        {
            prompts.Dispose();
            narrowed?.Dispose();
            throw;
        }
    }

    /// <summary>The index of each row's last prompt token among the rows * T hidden states.</summary>
    private Tensor LastPositions(ReadOnlySpan<int> lengths, long columns)
    {
        long[] last = new long[lengths.Length];
        for (int row = 0; row < last.Length; row++)
            last[row] = (row * columns) + lengths[row] - 1;
        return tensor(last, device: Device);
    }

    /// <summary>
    /// One more token a row through the cache: tokens and positions are [rows] in the order of the parts, the result is [rows, V], or
    /// [rows, C (1 + layers)] of hidden states, in the order that <paramref name="rows"/> gives, or as they stand.
    /// </summary>
    internal Tensor Step(
        Tensor tokens,
        Tensor positions,
        IReadOnlyList<KeyValueSlots> parts,
        Tensor? rows,
        int[]? hiddenLayers, // null for logits
        NarrowedWeights? narrowed
    )
    {
        using var use = NarrowedWeights.Begin(narrowed);
        var tap = Tap(hiddenLayers, rows);
        var hidden = Run(tokens, new CachedPass(parts, positions, Rotary?.At(positions, ActivationType)), tap: tap);
        return Output(rows is null ? hidden : hidden.index_select(0, rows), hiddenLayers, tap);
    }

    /// <summary>Tokens [N] at positions [N] before the first block: [N, C].</summary>
    private protected virtual Tensor Embed(Tensor tokens, Tensor positions) => Embedding.index_select(0, tokens);

    private Tensor Trunk(Tensor tokens, Action<Tensor, Tensor>? keep, LayerTap? tap = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.dim() != 2 || tokens.dtype != ScalarType.Int64)
            throw new ArgumentException(
                $"The tokens are {tokens.dtype} {Shown.Shape(tokens.shape)}; they must be Int64 [B, T].",
                nameof(tokens)
            );
        (long rows, long length) = (tokens.size(0), tokens.size(1));
        if (length < 1 || length > MaxLength)
            throw new ArgumentException(
                $"The sequences are {length} tokens long; this model takes 1 to {MaxLength} "
                    + $"({Shape.LengthKey} in its "
                    + $"settings{(Rotary is null ? "" : ", which may be raised: rotary positions need no table")}).",
                nameof(tokens)
            );
        RequireMasters();
        return Run(tokens.reshape(-1), Pass(keep), RecomputesActivations && keep is null ? () => Pass(null) : null, tap);

        WholePass Pass(Action<Tensor, Tensor>? keep)
        {
            var positions = HeldArithmetic.Counted(length, Device).repeat(rows); // [B * T]
            return new WholePass(rows, length, positions, Rotary?.At(positions, ActivationType), keep);
        }
    }

    private Tensor Run(Tensor tokens, AttentionPass pass, Func<AttentionPass>? again = null, LayerTap? tap = null)
    {
        var x = Embed(tokens, pass.Positions).to(ActivationType); // [N, C]
        int layer = 0;
        foreach (var block in Blocks)
        {
            tap?.See(layer++, x);
            // what a block makes on the way is gone before the next one; a gradient keeps what it needs
            using var scope = NewDisposeScope();
            using var before = x;
            x = (again is null ? block.Forward(before, pass) : RecomputedBlock.Of(block, before, pass, again)).MoveToOuterDisposeScope();
        }

        return FinalNorm.call(x);
    }

    private Tensor Head(Tensor hidden) => _products.Of(hidden, HeadWeight); // [N, C] -> [N, V]
}
