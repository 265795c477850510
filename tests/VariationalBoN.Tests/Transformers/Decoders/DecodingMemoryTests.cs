using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>What keys and values take up, against the tokens that are there.</summary>
[Trait("Tier", "torch")]
[Trait("Kernels", "any")]
public sealed class DecodingMemoryTests
{
    private const int Steps = 300,
        NumbersPerToken = 2 * 2 * 2 * 4; // keys and values, layers, key heads, size of a head

    [Fact]
    public void Rows_that_grow_together_leave_nothing_behind()
    {
        const int Rows = 12,
            Prompt = 5;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using CausalTransformer model = Model();
        using TransformerDecoding decoding = Started(model, [.. Enumerable.Repeat(Prompt, Rows)]);
        for (int length = Prompt + 1; length <= Prompt + Steps; length++)
        {
            Append(decoding, Rows);
            long needed = (long)Rows * Math.Max(length, 64) * NumbersPerToken; // short rows stand in slots of 32 or 64
            Assert.InRange(Held(decoding), (long)Rows * length * NumbersPerToken, (long)(1.55 * needed));
        }
    }

    [Fact]
    public void Slots_that_rows_have_left_are_given_back()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using CausalTransformer model = Model();
        using TransformerDecoding decoding = Started(model, [.. Enumerable.Repeat(70, 40)]);
        Append(decoding, 40);
        Assert.Equal([40], Slots(decoding));

        decoding.SelectRows([.. Enumerable.Range(3, 10)]);
        Append(decoding, 10);
        Assert.Equal([15], Slots(decoding));
        decoding.SelectRows([9]);
        Append(decoding, 1);
        Assert.Equal([2], Slots(decoding));
    }

    [Fact]
    public void Rows_of_many_lengths_that_come_and_go_take_at_most_three_times_their_tokens()
    {
        const int Rows = 24;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using CausalTransformer model = Model();
        using TransformerDecoding read = Started(model, [65, 100, 150, 200]);
        using var decoding = (TransformerDecoding)read.CopyRows([.. Enumerable.Range(0, Rows).Select(row => row % 4)]);
        int[] prompts = [65, 100, 150, 200];
        List<int> lengths = [.. Enumerable.Range(0, Rows).Select(row => prompts[row % 4])];
        var random = new Random(1);
        for (int step = 0; step < 150; step++)
        {
            Append(decoding, lengths.Count);
            lengths = lengths.ConvertAll(length => length + 1);
            Assert.InRange(
                Held(decoding),
                lengths.Sum() * NumbersPerToken,
                (3.1 * lengths.Sum() * NumbersPerToken) + (4 * 400 * NumbersPerToken)
            );
            Assert.All(Slots(decoding), slots => Assert.InRange(slots, 1, Rows));
            int[] kept = [.. Enumerable.Range(0, lengths.Count).Where(_ => random.Next(20) > 0)];
            int[] added = [.. Enumerable.Range(0, Rows - kept.Length).Select(_ => random.Next(step < 75 ? 4 : 1))];
            decoding.SelectRows(kept);
            decoding.AddRows(read, added);
            lengths = [.. kept.Select(row => lengths[row]), .. added.Select(row => prompts[row])];
        }
    }

    [Fact]
    public void Prompts_keep_nothing_but_their_keys_and_values()
    {
        using var joined = rand(3, 5, 12, 4); // as GPT-2 has queries, keys and values
        using Tensor part = joined.narrow(2, 4, 4),
            keys = part.transpose(1, 2),
            own = rand(3, 5, 4, 4),
            values = own.transpose(1, 2);
        using var kept = new KeyValues();
        Tensor given = values.alias();
        kept.Keep(keys.alias(), given);

        Assert.True(kept.Keys[0].is_contiguous());
        Assert.Equal(keys.data<float>().ToArray(), kept.Keys[0].data<float>().ToArray());
        Assert.Same(given, kept.Values[0]); // no copy without need
    }

    [Fact]
    public void A_unit_narrows_the_weights_once_for_all_groups_of_prompts()
    {
        using CausalTransformer model = TinyDecoders.Create("llama");
        model.UseMixedPrecision();
        using var decoder = new Recorder(model);
        var options = new GenerationOptions
        {
            MaxNewTokens = 6,
            StopTokens = [3, 5, 7, 9],
            RowsPerBatch = 4,
            RowsPerUnit = 60,
        };
        var policy = new CausalLmPolicy(decoder, new NumberTokenizer(TinyDecoders.Vocabulary), options);

        policy.Sample([.. Enumerable.Range(1, 20).Select(i => (Prompt)$"{i} 2")], 3, seed: 1);

        Assert.True(decoder.Narrowed.Count > 5);
        Assert.Single(decoder.Narrowed.Distinct());
        Assert.NotNull(decoder.Narrowed[0]);
    }

    private static CausalTransformer Model()
    {
        CausalTransformer model = (TinyDecoders.Configs["llama"] with { MaxLength = 400 }).Create(seed: 1);
        model.eval();
        return model;
    }

    private static TransformerDecoding Started(CausalTransformer model, int[] lengths)
    {
        using Tensor tokens = ones([lengths.Length, lengths.Max()], ScalarType.Int64);
        var decoding = (TransformerDecoding)model.StartDecoding(tokens, lengths, Steps, out Tensor logits);
        logits.Dispose();
        return decoding;
    }

    private static void Append(TransformerDecoding decoding, int rows)
    {
        using Tensor tokens = ones([rows], ScalarType.Int64);
        decoding.Append(tokens).Dispose();
    }

    private static long Held(TransformerDecoding decoding) =>
        decoding.Parts.SelectMany(part => part.Keys.Concat(part.Values)).Sum(tensor => tensor.numel());

    private static long[] Slots(TransformerDecoding decoding) =>
        [.. decoding.Parts.Where(part => part.Keys.Count > 0).Select(part => part.Keys[0].size(0))];

    /// <summary>Remembers the narrowed weights of each decoding that begins.</summary>
    private sealed class Recorder : nn.Module<Tensor, Tensor>, ISharingDecoder
    {
        private readonly CausalTransformer inner;

        internal Recorder(CausalTransformer inner)
            : base(nameof(Recorder))
        {
            this.inner = inner;
            RegisterComponents();
            eval();
        }

        public int VocabularySize => inner.VocabularySize;

        public int MaxLength => inner.MaxLength;

        internal List<NarrowedWeights?> Narrowed { get; } = [];

        public override Tensor forward(Tensor input) => inner.call(input);

        public Tensor LogitsAt(Tensor tokens, Tensor positions) => inner.LogitsAt(tokens, positions);

        public IDecoding StartDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits) =>
            Recorded(inner.StartDecoding(tokens, lengths, additionalTokens, out logits));

        public IDecoding StartDecoding(
            IDecoding beside,
            Tensor tokens,
            ReadOnlySpan<int> lengths,
            int additionalTokens,
            out Tensor logits
        ) => Recorded(((ISharingDecoder)inner).StartDecoding(beside, tokens, lengths, additionalTokens, out logits));

        private IDecoding Recorded(IDecoding decoding)
        {
            Narrowed.Add(((TransformerDecoding)decoding).Narrowed);
            return decoding;
        }
    }
}
