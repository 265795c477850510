using System.Collections.Immutable;
using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;
using static VariationalBoN.Tests.Guidance.GuidedExample;

namespace VariationalBoN.Tests.Guidance;

/// <summary>Value heads that read hidden states of more layers: what they read, that drawing and scoring are one law, what they cost, and
/// who is refused. Saving, and values along whole completions, are shapes of <see cref="ValueHeadTests"/>.</summary>
[Trait("Tier", "torch")]
public sealed class ReferenceLayersTests
{
    private static ValueHeadOptions Layered => Options(epochs: 2) with { ReferenceLayers = [0, 1] };

    [Fact]
    public void A_layer_is_read_at_mean_0_and_variance_1_and_the_last_hidden_states_as_they_are()
    {
        using var scope = NewDisposeScope();
        float[] last = [1, 2, 5],
            layer = [1000, -200, 400];
        double[] centred = Array.ConvertAll(layer, x => x - 400.0);
        double deviation = Math.Sqrt(centred.Average(x => x * x));
        double[] expected = [.. last.Select(x => (double)x), .. centred.Select(x => x / deviation), .. centred.Select(x => x / deviation)];
        var told = tensor([.. last, .. layer, .. layer.Select(x => 2 * x)], [1, 9]).to(ScalarType.BFloat16);
        var read = new LayerStates(3, 2).Of(told);
        Assert.Equal(ScalarType.Float32, read.dtype);
        Assert.All(expected.Zip(read.data<float>()), pair => Assert.Equal(pair.First, pair.Second, 0.01)); // bfloat16 has 8 bits
        Assert.True(new LayerStates(3, 0).Of(told.narrow(1, 0, 3)).eq(tensor(last, [1, 3])).all().item<bool>());
    }

    [Theory]
    [InlineData("float32", 1e-4)]
    [InlineData("bfloat16", 0.1)]
    [InlineData("mixed", 0.1)]
    public async Task What_is_drawn_from_step_by_step_is_what_is_scored(string type, double close)
    {
        Gpt2 model = TinyModels.Gpt2().Freeze();
        if (type == "bfloat16")
            model.to(ScalarType.BFloat16);
        model.UseMixedPrecision(type == "mixed");
        var reference = Policy(model);
        var table = await ReferenceTable.EstimateAsync(Scorer(reference), Train, 16, seed: 1);
        using var head = ValueHead.Train(reference, table, Train, Layered);
        var guided = new GuidedPolicy(reference, head, RankWeight.BestOf(8), new GuidanceOptions { TopTokens = 3 });
        Completion[] drawn = [.. guided.Sample(HeldOut, 8, seed: 3).Where(completion => completion.Tokens.Length == 4)];
        Assert.True(drawn.Length > 2);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var scored = guided.NextTokenLogProb(drawn).view(drawn.Length, 4, -1); // of whole sequences
        using var steps = new GuidedDistribution(
            reference.Model,
            reference.Distribution,
            reference.Options,
            head.Start([.. drawn.Select(row => row.Prompt)], [.. drawn.Select(row => (IReadOnlyList<int>)row.PromptTokens)], guided.Weight),
            hiddenStates: true,
            head.ReferenceLayers,
            guided.Options,
            guided.Weight.LogLargest
        );
        using var decoding = steps.Start([.. drawn.Select(row => (IReadOnlyList<int>)row.PromptTokens)], 4, null, out var output);
        for (int t = 0; t < 4; t++)
        {
            var now = steps.Probabilities(output).log().to(ScalarType.Float32); // through the cache
            double far = (now - scored.select(1, t).to(ScalarType.Float32)).abs().max().item<float>();
            Assert.InRange(far, 0, close);
            var tokens = tensor([.. drawn.Select(row => (long)row.Tokens[t])]);
            steps.Append(tokens);
            output = decoding.Append(tokens);
        }
    }

    [Fact]
    public async Task Layers_bring_the_guided_policy_away_from_the_reference_and_from_a_head_without()
    {
        (var reference, _) = await Made;
        using ValueHead with = await HeadAsync(Layered),
            without = await HeadAsync(Layered with { ReferenceLayers = [] });
        var drawn = reference.Sample(HeldOut, 20, seed: 4);
        double[] one = new GuidedPolicy(reference, with, RankWeight.BestOf(8)).LogProbValues(drawn),
            two = new GuidedPolicy(reference, without, RankWeight.BestOf(8)).LogProbValues(drawn);
        Assert.True(one.Zip(two, (a, b) => Math.Abs(a - b)).Max() > 1e-3);
        Assert.Contains(
            with.Identity.Differences(without.Identity),
            difference => difference.Contains("reference layers", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Decoders_of_others_go_on_working_without_layers_and_are_refused_by_name_with_them()
    {
        (var made, var table) = await Made;
        using var hidden = new HiddenAlone(TinyModels.Gpt2().Freeze());
        var reference = new CausalLmPolicy(hidden, new NumberTokenizer(TinyModels.Vocabulary), made.Options);
        var own = await ReferenceTable.EstimateAsync(Scorer(reference), Train, 8, seed: 1);
        using var head = ValueHead.Train(reference, own, Train, Options(epochs: 1));
        using var layered = await HeadAsync(Layered);
        new GuidedPolicy(reference, head, RankWeight.BestOf(4)).Sample(HeldOut, 2, seed: 1);
        foreach (
            Action use in new Action[]
            {
                () => ValueHead.Train(reference, own, Train, Layered),
                () => _ = new GuidedPolicy(reference, layered, RankWeight.BestOf(4)),
            }
        )
        {
            string message = Assert.Throws<ArgumentException>(use).Message;
            Assert.Contains(nameof(HiddenAlone), message, StringComparison.Ordinal);
            Assert.Contains("layers (0, 1)", message, StringComparison.Ordinal);
            Assert.Contains(nameof(ILayerDecoder), message, StringComparison.Ordinal);
        }

        Says(
            "layer 2 of",
            Assert.Throws<ArgumentException>(() => ValueHead.Train(made, table, Train, Layered with { ReferenceLayers = [0, 2] }))
        );
        foreach (ImmutableArray<int> faulty in new ImmutableArray<int>[] { [1, 0], [1, 1], [-1] })
            Says(
                $"ReferenceLayers is {string.Join(", ", faulty)}, it must",
                Assert.Throws<ArgumentException>(() => ValueHead.Train(made, table, Train, Layered with { ReferenceLayers = faulty }))
            );
    }

    [Fact]
    public async Task Values_that_wrap_a_head_and_do_not_hand_its_layers_on_are_told_so()
    {
        (var reference, _) = await Made;
        using var head = await HeadAsync(Layered);
        var guided = new GuidedPolicy(reference, new Forgetful(head), RankWeight.BestOf(4));
        Says("must hand on its ReferenceLayers", Assert.Throws<ArgumentException>(() => guided.Sample(HeldOut, 1, seed: 1)));
    }

    [Fact]
    public void Options_are_equal_where_their_layers_are()
    {
        Assert.Equal(Layered, Options(epochs: 2) with { ReferenceLayers = [.. new List<int> { 0, 1 }] });
        Assert.Equal(Layered.GetHashCode(), (Options(epochs: 2) with { ReferenceLayers = [.. new List<int> { 0, 1 }] }).GetHashCode());
        Assert.NotEqual(Layered, Layered with { ReferenceLayers = [1] });
        Assert.Equal(Options(), Options() with { ReferenceLayers = default });
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    public async Task The_bytes_that_are_kept_are_those_of_all_layers(long more, bool kept)
    {
        (var made, var table) = await Made;
        using var counting = new Counting(TinyModels.Gpt2().Freeze());
        var reference = new CausalLmPolicy(counting, new NumberTokenizer(TinyModels.Vocabulary), made.Options);
        var own = new ReferenceTable(table.Prompts).AcceptUnknownProvenance();
        long tokens = Train.Sum(prompt => own[prompt].Samples.Sum(sample => (long)sample.Completion.Tokens.Length));
        int samples = Train.Length * Samples;
        var options = Layered with { HiddenStateBytes = (tokens * 3 * 16 * sizeof(float)) + more };
        ValueHead.Train(reference, own, Train, options).Dispose();
        int passes = (samples + reference.Options.RowsPerBatch - 1) / reference.Options.RowsPerBatch,
            steps = options.Epochs * ((samples + options.AnswersPerStep - 1) / options.AnswersPerStep);
        Assert.Equal(kept ? passes : steps, counting.Calls);
    }

    private static void Says(string word, Exception error) => Assert.Contains(word, error.Message, StringComparison.Ordinal);

    /// <summary>A head in a wrapper that says nothing of its layers.</summary>
    private sealed class Forgetful(ValueHead head) : IPrefixValue
    {
        public ModelIdentity Identity => head.Identity;

        public ScoringIdentity? Origin => head.Origin;

        public bool NeedsHiddenStates => true;

        public void Require(RankWeight weight) => head.Require(weight);

        public IPrefixWalk Start(IReadOnlyList<Prompt> prompts, IReadOnlyList<IReadOnlyList<int>> promptTokens, RankWeight weight) =>
            head.Start(prompts, promptTokens, weight);
    }

    /// <summary>A module of a caller's own that tells the last hidden states alone.</summary>
    private class HiddenAlone : nn.Module<Tensor, Tensor>, IHiddenDecoder
    {
        private readonly Gpt2 inner;

        public HiddenAlone(Gpt2 inner)
            : base(nameof(HiddenAlone))
        {
            this.inner = inner;
            RegisterComponents();
            eval();
        }

        protected ILayerDecoder Inner => inner;

        public int VocabularySize => inner.VocabularySize;

        public int MaxLength => inner.MaxLength;

        public Tensor HeadWeight => inner.HeadWeight;

        public override Tensor forward(Tensor input) => inner.forward(input);

        public Tensor LogitsAt(Tensor tokens, Tensor positions) => inner.LogitsAt(tokens, positions);

        public Tensor HiddenStatesAt(Tensor tokens, Tensor positions) => inner.HiddenStatesAt(tokens, positions);

        public IDecoding StartDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits) =>
            inner.StartDecoding(tokens, lengths, additionalTokens, out logits);

        public IDecoding StartHiddenDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor hidden) =>
            inner.StartHiddenDecoding(tokens, lengths, additionalTokens, out hidden);
    }

    /// <summary>One that tells its layers, and counts how often it is asked.</summary>
    private sealed class Counting(Gpt2 inner) : HiddenAlone(inner), ILayerDecoder
    {
        public int Calls { get; private set; }

        public int LayerCount => Inner.LayerCount;

        public Tensor HiddenStatesAt(Tensor tokens, Tensor positions, ReadOnlySpan<int> layers)
        {
            Calls++;
            return Inner.HiddenStatesAt(tokens, positions, layers);
        }

        public IDecoding StartHiddenDecoding(
            Tensor tokens,
            ReadOnlySpan<int> lengths,
            int additionalTokens,
            ReadOnlySpan<int> layers,
            out Tensor hidden
        ) => Inner.StartHiddenDecoding(tokens, lengths, additionalTokens, layers, out hidden);
    }
}
