using System.Collections.Immutable;
using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Tests.Policies;
using static VariationalBoN.Tests.Guidance.GuidedExample;

namespace VariationalBoN.Tests.Guidance;

/// <summary>A head that learns: it comes nearer to Best-of-N, is read back as it was saved,
/// sees nothing that it may not see, and is refused where it does not belong.</summary>
[Collection("Leaks")]
[Trait("Tier", "torch")]
public sealed class ValueHeadTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Training_brings_the_guided_policy_nearer_to_best_of_n_on_prompts_that_it_has_not_seen()
    {
        (var reference, _) = await Made;
        using var untrained = await HeadAsync(Options(epochs: 1, rate: 1e-12));
        using var trained = await HeadAsync();
        foreach (double n in new[] { 2, 8.0 })
        {
            double before = Divergence(reference, untrained, n),
                after = Divergence(reference, trained, n),
                none = Divergence(reference, null, n);
            Assert.Equal(none, before, 1e-4); // an untrained head is the reference
            Assert.InRange(after, 0, 0.8 * before);
        }
    }

    [Fact]
    public async Task A_saved_head_is_read_back_equal()
    {
        (var reference, _) = await Made;
        using var head = await HeadAsync(Options(epochs: 2));
        head.Save(_file);
        using var read = ValueHead.Load(_file, Scorer(reference));

        Assert.Equal(head.Identity, read.Identity);
        Assert.Equal((head.Origin, head.Samples, head.Reference), (read.Origin, read.Samples, read.Reference));
        Assert.Equal(reference.Identity, read.Reference);
        Assert.Equal(Options(epochs: 2), read.Options);
        var drawn = reference.Sample(HeldOut, 20, seed: 4);
        foreach (var weight in new[] { RankWeight.BestOf(8), RankWeight.Tilt(4) })
            Assert.Equal(
                new GuidedPolicy(reference, head, weight).LogProbValues(drawn),
                new GuidedPolicy(reference, read, weight).LogProbValues(drawn)
            );
    }

    [Fact]
    public async Task What_is_learned_does_not_depend_on_who_is_told()
    {
        (var reference, var table) = await Made;
        var told = new Told();
        using ValueHead silent = ValueHead.Train(reference, table, Train, Options(epochs: 2)),
            watched = ValueHead.Train(reference, table, Train, Options(epochs: 2), told);
        Assert.Equal(silent.Identity, watched.Identity);
        Assert.Equal(1, told.Shares[^1]);
        Assert.Equal(told.Shares.Order(), told.Shares);
    }

    public static TheoryData<string> Shapes => [.. s_shapes.Keys];

    private static readonly Dictionary<string, Func<ValueHeadOptions, ValueHeadOptions>> s_shapes = new()
    {
        ["plain"] = options => options,
        ["two layers"] = options => options with { Layers = 2 },
        ["sums that forget"] = options => options with { Sums = 2, Forgetting = 4 },
        ["two stages"] = options => options with { Stages = 2 },
        ["both"] = options => options with { Forgetting = 3, Stages = 2 },
        ["layers"] = options => options with { ReferenceLayers = [0, 1] },
        ["a layer and a prefix reward"] = options => options with { ReferenceLayers = [1], PrefixReward = new SoFar(), Stages = 2 },
        ["prefix reward"] = options => options with { PrefixReward = new SoFar() },
        ["length so far"] = options => options with { PrefixReward = new LengthSoFar(), Forgetting = 2 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Every_shape_of_head_is_saved_and_read_back_equal(string shape)
    {
        (var reference, _) = await Made;
        ValueHeadOptions options = s_shapes[shape](Options(epochs: 2));
        using var head = await HeadAsync(options);
        using var plain = await HeadAsync(Options(epochs: 2));
        head.Save(_file);
        using var read = ValueHead.Load(_file, Scorer(reference), options.PrefixReward);
        Assert.Equal(head.Identity, read.Identity);
        Assert.Equal(options, read.Options);
        Assert.Equal(shape == "plain", head.Identity == plain.Identity);
        var drawn = reference.Sample(HeldOut, 20, seed: 4);
        Assert.Equal(
            new GuidedPolicy(reference, head, RankWeight.BestOf(8)).LogProbValues(drawn),
            new GuidedPolicy(reference, read, RankWeight.BestOf(8)).LogProbValues(drawn)
        );
    }

    [Fact]
    public async Task A_file_from_before_there_were_other_states_is_read_as_before()
    {
        (var reference, _) = await Made;
        using var head = await HeadAsync(Options(epochs: 1) with { Forgetting = 0 });
        head.Save(_file);
        string json;
        string[] names;
        using (var file = new VariationalBoN.Weights.WeightFile(_file))
            (json, names) = (file.Metadata["value_head"], [.. file.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal)]);
        string[] expected =
        [
            .. "unit_hidden unit_previous unit_token unit_direct unit_out".Split(' '),
            .. "state_hidden state_previous state_sums state_bias state_out state_law state_deeper state_deeper_bias".Split(' '),
            .. "token_hidden token_token token_sums token_bias token_out token_law token_deeper token_deeper_bias".Split(' '),
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), names);
        var old = System.Text.Json.Nodes.JsonNode.Parse(json)!;
        foreach (var part in new[] { old.AsObject(), old["Options"]!.AsObject() })
        {
            Assert.True(part.Remove("Forgetting"));
            Assert.True(part.Remove("Stages"));
        }

        Assert.True(old["Options"]!.AsObject().Remove("ReferenceLayers"));

        Assert.True(old.AsObject().Remove("Numbers"));
        old["Format"] = "VariationalBoN value head 1";
        using var network = new ValueNetwork(
            (int)reference.Model.HiddenDecoder.HeadWeight.size(1),
            reference.VocabularySize,
            Options() with
            {
                Forgetting = 0,
            },
            new RankBins(24, 2.5)
        );
        VariationalBoN.Weights.Safetensors.Load(_file, network);
        VariationalBoN.Weights.Safetensors.Save(_file, network, new Dictionary<string, string> { ["value_head"] = old.ToJsonString() });
        using var read = ValueHead.Load(_file, Scorer(reference));
        Assert.Equal(head.Identity, read.Identity);
        Assert.Equal(Options(epochs: 1) with { Forgetting = 0 }, read.Options);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Rewards_of_held_out_prompts_change_no_bit(string shape)
    {
        ValueHeadOptions options = s_shapes[shape](Options(epochs: 1));
        (var reference, var table) = await Made;
        var changed = new ReferenceTable(
            table.Prompts.Select(p =>
                HeldOut.Contains(p.Prompt)
                    ? new ReferencePrompt(p.Prompt, p.Samples.Select(s => s with { Reward = -(3 * s.Reward) + 1 }))
                    : p
            ),
            table.Provenance
        );
        using ValueHead one = ValueHead.Train(reference, table, Train, options),
            two = ValueHead.Train(reference, changed, Train, options);
        var drawn = reference.Sample(HeldOut, 20, seed: 4);
        Assert.Equal(one.Identity, two.Identity);
        Assert.Equal(
            new GuidedPolicy(reference, one, RankWeight.BestOf(8)).LogProbValues(drawn),
            new GuidedPolicy(reference, two, RankWeight.BestOf(8)).LogProbValues(drawn)
        );
    }

    [Fact]
    public async Task An_increasing_change_of_the_reward_changes_no_bit()
    {
        (var reference, var table) = await Made;
        var changed = new ReferenceTable(
            table.Prompts.Select(p => new ReferencePrompt(p.Prompt, p.Samples.Select(s => s with { Reward = Math.Exp(s.Reward) }))),
            table.Provenance
        );
        using ValueHead one = ValueHead.Train(reference, table, Train, Options(epochs: 1)),
            two = ValueHead.Train(reference, changed, Train, Options(epochs: 1));
        Assert.Equal(one.Identity, two.Identity);
    }

    [Fact]
    public async Task Hidden_states_that_are_kept_and_those_computed_anew_teach_the_same()
    {
        (var reference, _) = await Made;
        using ValueHead kept = await HeadAsync(Options(epochs: 1)),
            anew = await HeadAsync(Options(epochs: 1) with { HiddenStateBytes = 0 });
        var drawn = reference.Sample(HeldOut, 20, seed: 4);
        double[] one = new GuidedPolicy(reference, kept, RankWeight.BestOf(8)).LogProbValues(drawn),
            two = new GuidedPolicy(reference, anew, RankWeight.BestOf(8)).LogProbValues(drawn);
        Assert.All(one.Zip(two), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [Fact]
    public async Task A_reward_of_prefixes_brings_the_guided_policy_nearer_where_sums_cannot_tell()
    {
        // An odd number of twos is worth much: no sum over tokens and pairs.
        (var reference, _) = await Made;
        var judge = RewardModel.FromFunction(completion => Odd(completion.Tokens).Reward, "odd twos");
        var table = await ReferenceTable.EstimateAsync(new Scorer(reference, judge), [.. Train, .. HeldOut], Samples, seed: 1);
        ValueHeadOptions few = Options() with { Sums = 1, Forgetting = 0, Width = 8 };
        using ValueHead without = ValueHead.Train(reference, table, Train, few),
            with = ValueHead.Train(reference, table, Train, few with { PrefixReward = new OddSoFar() });
        double before = Divergence(reference, without, 4, completion => Odd(completion.Tokens).Reward),
            after = Divergence(reference, with, 4, completion => Odd(completion.Tokens).Reward);
        Assert.True(after < 0.8 * before, $"with {after}, without {before}");
    }

    [Fact]
    public async Task Numbers_of_prefixes_are_scaled_by_those_of_the_training_alone()
    {
        (var reference, _) = await Made;
        var drawn = reference.Sample(Train, 3, seed: 4);
        var learned = PrefixNumbers.Learn(new SoFar(), drawn, out float[] numbers);
        Assert.Equal(drawn.Sum(completion => completion.Tokens.Length) * 2, numbers.Length);
        for (int column = 0; column < 2; column++)
        {
            float[] own = [.. numbers.Where((_, i) => i % 2 == column)];
            Assert.Equal(0, own.Average(), 1e-4);
            Assert.Equal(1, own.Average(number => number * number), 1e-3);
        }

        // Alone or among others, a prefix reads the same.
        using var scope = torch.NewDisposeScope();
        var alone = PrefixNumbers.Beside(learned, torch.zeros(1, 3), () => [new AnswerPrefix("0", [1, 4])]);
        Assert.Equal([1, 5], alone.shape);
        double expected = (Reward(drawn[0] with { Tokens = [1, 4] }) - learned.Scale.Mean[0]) / learned.Scale.Deviation[0];
        Assert.Equal(expected, alone[0, 3].item<float>(), 1e-5);
    }

    [Fact]
    public async Task Numbers_that_training_hardly_saw_stay_within_bounds()
    {
        (var reference, _) = await Made;
        var drawn = reference.Sample(Train, 3, seed: 4);
        var flag = new Hardly(drawn[0].Prompt, [.. drawn[0].Tokens.Take(1)]);
        var learned = PrefixNumbers.Learn(flag, drawn, out float[] numbers);
        Assert.InRange(numbers.Max(), 5, 10); // one of some hundred prefixes
        using var scope = torch.NewDisposeScope();
        var beside = PrefixNumbers.Beside(learned, torch.zeros(1, 1), () => [new AnswerPrefix(HeldOut[0], [])]);
        Assert.Equal(10, beside[0, 1].item<float>());

        using var head = await HeadAsync(Options(epochs: 2) with { PrefixReward = flag });
        Assert.All(
            new GuidedPolicy(reference, head, RankWeight.BestOf(8)).LogProbValues(reference.Sample(HeldOut, 4, seed: 1)),
            log => Assert.InRange(log, -100, 0)
        );
    }

    [Fact]
    public async Task A_prefix_reward_is_asked_once_of_each_place_and_of_nothing_behind_the_end_of_an_answer()
    {
        (var reference, var table) = await Made;
        var counted = new Counted();
        using var head = ValueHead.Train(reference, table, Train, Options(epochs: 1) with { PrefixReward = counted });
        var guided = new GuidedPolicy(reference, head, RankWeight.BestOf(2));
        int before = counted.Prefixes;
        var drawn = guided.Sample(HeldOut, 40, seed: 1);
        Assert.Contains(drawn, completion => completion.FinishReason == FinishReason.Stopped && completion.Tokens.Length == 2);
        Assert.Equal(HeldOut.Length + drawn.Sum(completion => completion.Tokens.Length - 1), counted.Prefixes - before);
    }

    [Fact]
    public async Task A_head_that_is_not_learned_leaves_no_tensor_and_stops_while_prefixes_are_read()
    {
        (var reference, var table) = await Made;
        Fail();
        long before = LiveTensors.Settled();
        Fail();
        Assert.Equal(before, LiveTensors.Now);

        using var late = new CancellationTokenSource();
        var all = new Stopping(late, after: Train.Length * Samples); // stops behind the last number, before hidden states
        Assert.ThrowsAny<OperationCanceledException>(() => Learn(all, late.Token));
        Assert.Equal(before, LiveTensors.Settled());

        void Fail()
        {
            using var stop = new CancellationTokenSource();
            var stopping = new Stopping(stop, after: 10);
            Assert.ThrowsAny<OperationCanceledException>(() => Learn(stopping, stop.Token));
            Assert.InRange(stopping.Asked, 10, 12);
        }

        void Learn(IPrefixReward source, CancellationToken token) =>
            ValueHead.Train(reference, table, Train, Options(epochs: 1) with { PrefixReward = source }, null, token).Dispose();
    }

    [Fact]
    public async Task A_prefix_reward_of_the_same_words_and_other_settings_is_another()
    {
        (var reference, _) = await Made;
        using var head = await HeadAsync(Options(epochs: 1) with { PrefixReward = new Named(new ModelIdentity("judge", ("b", 1))) });
        head.Save(_file);
        ValueHead.Load(_file, Scorer(reference), new Named(new ModelIdentity("judge", ("b", 1)))).Dispose();
        Says("name is", Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(reference), new Named("judge (b 1)"))));
        Says(
            "b is 1, in the other 2",
            Assert.Throws<InvalidDataException>(() =>
                ValueHead.Load(_file, Scorer(reference), new Named(new ModelIdentity("judge", ("b", 2))))
            )
        );
    }

    [Fact]
    public async Task A_prefix_reward_that_is_another_is_missing_or_gives_no_number_is_named()
    {
        (var reference, _) = await Made;
        using ValueHead head = await HeadAsync(Options(epochs: 1) with { PrefixReward = new SoFar() }),
            plain = await HeadAsync(Options(epochs: 1));
        head.Save(_file);
        Says("given is no prefix reward", Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(reference))));
        Says(
            "the prefix reward odd so far",
            Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(reference), new OddSoFar()))
        );
        plain.Save(_file);
        Says("reads no prefix reward", Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(reference), new SoFar())));
        Says(
            "gave NaN as number 1 of prompt",
            await Assert.ThrowsAsync<ArithmeticException>(() => HeadAsync(Options(epochs: 1) with { PrefixReward = new NoNumber() }))
        );
        Says(
            "PrefixReward.Count is 0",
            await Assert.ThrowsAsync<ArgumentException>(() => HeadAsync(Options() with { PrefixReward = new NoNumber { Count = 0 } }))
        );
    }

    [Fact]
    public async Task Another_reference_tokenizer_or_judge_is_refused_by_name()
    {
        (var reference, var table) = await Made;
        using var head = await HeadAsync(Options(epochs: 1));
        head.Save(_file);
        using var otherModel = TinyModels.Gpt2(seed: 9).Freeze();
        var other = Policy(otherModel);
        var hotter = reference.With(reference.Options with { Temperature = 1.5 });
        Says("reference", Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(other))));
        Says("temperature", Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(hotter))));
        var respelled = new CausalLmPolicy(reference.Model.Module, new OtherTokenizer(TinyModels.Vocabulary), reference.Options);
        Says("tokenizer", Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(respelled))));
        Says("tokenizer", Assert.Throws<ArgumentException>(() => new GuidedPolicy(respelled, head, RankWeight.BestOf(4))));
        Says(
            "reward model",
            Assert.Throws<InvalidDataException>(() =>
                ValueHead.Load(_file, new Scorer(reference, RewardModel.FromFunction(_ => 0, "another judge")))
            )
        );
        Says("another reference", Assert.Throws<ArgumentException>(() => new GuidedPolicy(other, head, RankWeight.BestOf(4))));
        Says("temperature", Assert.Throws<ArgumentException>(() => new GuidedPolicy(hotter, head, RankWeight.BestOf(4))));
        Says("reference", Assert.Throws<InvalidOperationException>(() => ValueHead.Train(other, table, Train, Options(epochs: 1))));
        Says("more than 64", Assert.Throws<ArgumentOutOfRangeException>(() => new GuidedPolicy(reference, head, RankWeight.BestOf(65))));
        Says(
            "tilt above",
            Assert.Throws<ArgumentOutOfRangeException>(() =>
                new GuidedPolicy(reference, head, RankWeight.BestOf(8)).With(RankWeight.Tilt(300))
            )
        );
    }

    [Fact]
    public async Task What_it_cannot_learn_from_is_refused_by_name()
    {
        (var reference, var table) = await Made;
        var imported = new ReferenceTable(
            table.Prompts.Select(p => new ReferencePrompt(p.Prompt, p.Rewards, p.Responses)),
            table.Provenance
        );
        Says("no tokens", Assert.Throws<ArgumentException>(() => ValueHead.Train(reference, imported, Train)));
        Says(
            "AcceptUnknownProvenance",
            Assert.Throws<InvalidOperationException>(() => ValueHead.Train(reference, new ReferenceTable(table.Prompts), Train))
        );
        Says("no prompt", Assert.Throws<ArgumentException>(() => ValueHead.Train(reference, table, [])));
        Assert.Throws<KeyNotFoundException>(() => ValueHead.Train(reference, table, ["5 5"]));
        Says(
            "Lambda is 1.1",
            Assert.Throws<ArgumentException>(() =>
                ValueHead.Train(reference, table, Train, new ValueHeadOptions { Lambda = 1.1, Bins = 1 })
            )
        );
        Says(
            "ValueWeight is -1",
            Assert.Throws<ArgumentException>(() => ValueHead.Train(reference, table, Train, new ValueHeadOptions { ValueWeight = -1 }))
        );
        Says(
            "Layers is 0",
            Assert.Throws<ArgumentException>(() => ValueHead.Train(reference, table, Train, new ValueHeadOptions { Layers = 0 }))
        );
        Says(
            "Forgetting is -1, it must be at least 0; Stages is 3",
            await Assert.ThrowsAsync<ArgumentException>(() => HeadAsync(Options() with { Forgetting = -1, Stages = 3 }))
        );
        Says(
            "Bins is 1",
            Assert.Throws<ArgumentException>(() =>
                ValueHead.Train(reference, table, Train, new ValueHeadOptions { Lambda = 1.1, Bins = 1 })
            )
        );
        Says(
            "truncates",
            Assert.Throws<ArgumentException>(() => ValueHead.Train(reference.With(reference.Options with { TopK = 2 }), table, Train))
        );
        using var training = TinyModels.Gpt2();
        Says("Freeze", Assert.Throws<ArgumentException>(() => ValueHead.Train(Policy(training), table, Train)));
        Says("hidden states", Assert.Throws<ArgumentException>(() => ValueHead.Train(reference.WithoutDecoder(), table, Train)));
        using var head = await HeadAsync(Options(epochs: 1));
        Says(
            "hidden states",
            Assert.Throws<ArgumentException>(() => new GuidedPolicy(reference.WithoutDecoder(), head, RankWeight.BestOf(2)))
        );
    }

    [Fact]
    public async Task Values_of_a_batch_are_read_by_the_reference_that_scored_it()
    {
        (var reference, var table) = await Made;
        using var head = await HeadAsync(Options(epochs: 1));
        var scored = await Scorer(reference).ScoreAsync(reference.Sample(HeldOut, 4, seed: 1));
        var bare = new ScoredBatch([.. Enumerable.Range(0, scored.Count).Select(i => scored[i])], scored.Groups);
        var tied = new ReferenceTable(table.Prompts).AcceptUnknownProvenance();
        var bestOfN = tied.BestOf(4);
        using ValueHead free = ValueHead.Train(reference, tied, Train, Options(epochs: 1));
        using var otherModel = TinyModels.Gpt2(seed: 9).Freeze();
        using var training = TinyModels.Gpt2();
        var hotter = reference.With(reference.Options with { Temperature = 1.5 });
        TokenValues.Of(free, reference, bare, RankWeight.BestOf(4), bestOfN);
        foreach (var other in new[] { Policy(otherModel), hotter })
        {
            Says(
                "another reference",
                Assert.Throws<ArgumentException>(() => TokenValues.Of(free, other, bare, RankWeight.BestOf(4), bestOfN))
            );
            Says("another reference", Assert.Throws<ArgumentException>(() => new GuidedPolicy(other, free, RankWeight.BestOf(4))));
            var rescored = new ScoredBatch(
                [
                    .. Enumerable
                        .Range(0, scored.Count)
                        .Select(i => scored[i] with { LogReference = other.LogProbValues([scored[i].Completion])[0] - 1 }),
                ],
                scored.Groups
            );
            Says(
                "is not the one that scored it",
                Assert.Throws<ArgumentException>(() => TokenValues.Of(free, reference, rescored, RankWeight.BestOf(4), bestOfN))
            );
        }

        Says("Freeze", Assert.Throws<ArgumentException>(() => TokenValues.Of(free, Policy(training), bare, RankWeight.BestOf(4), bestOfN)));
        Says(
            "truncates",
            Assert.Throws<ArgumentException>(() =>
                TokenValues.Of(free, reference.With(reference.Options with { TopK = 2 }), bare, RankWeight.BestOf(4), bestOfN)
            )
        );
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Values_of_whole_completions_are_those_of_the_walk_token_by_token(string shape)
    {
        (var reference, var table) = await Made;
        using var head = await HeadAsync(s_shapes[shape](Options(epochs: 3)));
        var scored = await Scorer(reference).ScoreAsync(reference.Sample(["1 2", "2 4 1", "0"], 9, seed: 5));
        Assert.True(scored.Completions.Select(completion => completion.Tokens.Length).Distinct().Count() > 2);
        foreach (var weight in new[] { RankWeight.BestOf(8), RankWeight.Tilt(5) })
        {
            var scanned = TokenValues.Of(head, reference, scored, weight, table.BestOf(8));
            var walked = TokenValues.Of(new Stepwise(head), reference, scored, weight, table.BestOf(8));
            Assert.Equal(walked.LogReference, scanned.LogReference);
            for (int i = 0; i < scored.Count; i++)
                Assert.All(walked.Values[i].Zip(scanned.Values[i]), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
            Assert.True(scanned.Values.SelectMany(values => values.SkipLast(1)).Max(Math.Abs) > 0.1); // a trained head says something
        }
    }

    [Theory]
    [InlineData(RatioEstimator.SingleAtom)]
    [InlineData(RatioEstimator.Harmonic)]
    public async Task Values_end_in_the_log_ratio_of_the_distribution(RatioEstimator estimator)
    {
        (var reference, var table) = await Made;
        using ValueHead head = await HeadAsync(Options(epochs: 1)),
            more = await HeadAsync(Options(epochs: 2));
        var scored = await Scorer(reference).ScoreAsync(reference.Sample(HeldOut, 8, seed: 1));
        var bestOfN = table.BestOf(4, estimator);
        var values = TokenValues.Of(head, reference, scored, RankWeight.BestOf(4), bestOfN);
        for (int i = 0; i < scored.Count; i++)
            Assert.Equal(bestOfN.LogRatio(scored[i]), values.Values[i][^1]);
        Assert.NotEqual(head.Identity, more.Identity);
    }

    [Fact]
    public async Task Divergence_and_bins_of_no_width_are_named()
    {
        Says("diverged", await Assert.ThrowsAsync<InvalidOperationException>(() => HeadAsync(Options(epochs: 1, rate: 1e30))));
        Says("last bin empty", await Assert.ThrowsAsync<ArgumentException>(() => HeadAsync(Options() with { Bins = 24, Power = 12 })));
    }

    [Theory]
    [InlineData("\"Width\":24", "\"Width\":16000000", "weights")]
    [InlineData("\"Power\":2.5", "\"Power\":12", "no value head")]
    [InlineData("\"Options\":{\"Bins\":", "\"Options\":{\"Bins\":1", "no value head")]
    [InlineData("\"ReferenceLayers\":[]", "\"ReferenceLayers\":[1,0]", "no value head")]
    [InlineData("\"ReferenceLayers\":[]", "\"ReferenceLayers\":null", "damaged")]
    [InlineData("\"ReferenceLayers\":[]", "\"ReferenceLayers\":[0,1,2,3,4,5,6,7,8,9]", "weights")]
    [InlineData("\"Scoring\":", "\"Other\":", "no value head")]
    [InlineData("\"Reference\":\"", "\"Reference\":\"[", "damaged")]
    [InlineData("\"Numbers\":null", "\"Numbers\":{\"Identity\":\"[\",\"Mean\":[0],\"Deviation\":[1]}", "damaged")]
    [InlineData("\"Numbers\":null", "\"Numbers\":{\"Identity\":\"\\u0022a\\u0022\",\"Mean\":[0],\"Deviation\":[0]}", "no value head")]
    [InlineData("\"Stages\":1", "\"Stages\":3", "no value head")]
    [InlineData("\"Forgetting\":0", "\"Forgetting\":16000000", "weights")]
    [InlineData("\"Sums\":6", "\"Sums\":-6", "no value head")]
    public async Task A_hostile_header_is_refused_before_anything_is_built(string was, string becomes, string word)
    {
        (var reference, _) = await Made;
        string json = await HeaderAsync();
        Assert.Contains(was, json, StringComparison.Ordinal);
        using var small = TinyModels.Gpt2();
        VariationalBoN.Weights.Safetensors.Save(
            _file,
            small,
            new Dictionary<string, string> { ["value_head"] = json.Replace(was, becomes, StringComparison.Ordinal) }
        );
        var error = Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(reference)));
        Says(word, error);
        Says(_file, error);
    }

    [Theory]
    [InlineData(8, 6, "a value head of 8 hidden states and 6 tokens; the reference has 16 and 6")]
    [InlineData(16, 5, "a value head of 16 hidden states and 5 tokens")]
    public async Task A_head_of_other_sizes_than_its_reference_is_refused_when_it_is_read(int hidden, int vocabulary, string message)
    {
        (var reference, _) = await Made;
        string json = await HeaderAsync();
        json = json.Replace("\"Hidden\":16", $"\"Hidden\":{hidden}", StringComparison.Ordinal)
            .Replace("\"Vocabulary\":6", $"\"Vocabulary\":{vocabulary}", StringComparison.Ordinal);
        using var network = new ValueNetwork(hidden, vocabulary, Options(), new RankBins(24, 2.5));
        VariationalBoN.Weights.Safetensors.Save(_file, network, new Dictionary<string, string> { ["value_head"] = json });
        Says(message, Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(reference))));
    }

    /// <summary>What the file of a small head says of it.</summary>
    private async Task<string> HeaderAsync()
    {
        using var head = await HeadAsync(Options(epochs: 1));
        head.Save(_file);
        using var file = new VariationalBoN.Weights.WeightFile(_file);
        return file.Metadata["value_head"];
    }

    [Fact]
    public async Task A_file_that_is_no_head_is_refused()
    {
        (var reference, _) = await Made;
        VariationalBoN.Weights.Safetensors.Save(_file, TinyModels.Gpt2());
        Says("no value head", Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(reference))));
        VariationalBoN.Weights.Safetensors.Save(_file, TinyModels.Gpt2(), new Dictionary<string, string> { ["value_head"] = "{" });
        Says("damaged", Assert.Throws<InvalidDataException>(() => ValueHead.Load(_file, Scorer(reference))));
    }

    [Fact]
    public async Task Drawing_scoring_and_saving_leave_no_tensor_behind()
    {
        (var reference, _) = await Made;
        using var head = await HeadAsync(Options(epochs: 1));
        var guided = new GuidedPolicy(reference, head, RankWeight.BestOf(8), new GuidanceOptions { TopTokens = 3 });
        Use();
        long before = LiveTensors.Settled();
        Use();
        Assert.Equal(before, LiveTensors.Now);

        void Use()
        {
            var drawn = guided.Sample(HeldOut, 10, seed: 1);
            guided.LogProb(drawn).Dispose();
            guided.StepwiseKl(reference, drawn);
            head.Save(_file);
        }
    }

    [Fact]
    public async Task Decoding_that_stops_before_the_output_layer_gives_what_that_reads()
    {
        (var reference, _) = await Made;
        using var scope = torch.NewDisposeScope();
        IHiddenDecoder model = reference.Model.HiddenDecoder;
        var prompts = torch.tensor(new long[] { 1, 2, 3, 4, 0, 0 }, [2, 3]);
        using IDecoding plain = model.StartDecoding(prompts, [3, 1], 2, out var logits),
            stopped = model.StartHiddenDecoding(prompts, [3, 1], 2, out var hidden);
        Close(logits, hidden);
        plain.SelectRows([1, 0, 1]);
        stopped.SelectRows([1, 0, 1]);
        var next = torch.tensor(new long[] { 2, 4, 1 });
        Close(plain.Append(next), stopped.Append(next));

        void Close(torch.Tensor expected, torch.Tensor state) =>
            Assert.True(torch.allclose(expected, torch.nn.functional.linear(state, model.HeadWeight)));
    }

    /// <summary>KL(pi || pi_bon) over all answers to the held-out prompts; of the reference where there is no head.</summary>
    private static double Divergence(CausalLmPolicy reference, ValueHead? head, double n, Func<Completion, double>? reward = null)
    {
        double sum = 0;
        reward ??= Reward;
        IPolicy policy = head is null ? reference : new GuidedPolicy(reference, head, RankWeight.BestOf(n));
        foreach (Prompt prompt in HeldOut)
        {
            Completion[] all = [.. Answers(reference, prompt)];
            double[] logReference = reference.LogProbValues(all),
                log = policy.LogProbValues(all),
                rewards = [.. all.Select(reward)];
            Assert.Equal(1, log.Sum(Math.Exp), 1e-5);
            for (int y = 0; y < all.Length; y++)
            {
                double below = 0,
                    level = 0;
                for (int z = 0; z < all.Length; z++)
                {
                    below += rewards[z] < rewards[y] ? Math.Exp(logReference[z]) : 0;
                    level += rewards[z] == rewards[y] ? Math.Exp(logReference[z]) : 0;
                }

                sum +=
                    Math.Exp(log[y])
                    * (log[y] - logReference[y] - RankWeight.BestOf(n).LogMean(below, Math.Min(1, below + level)))
                    / HeldOut.Length;
            }
        }

        return sum;
    }

    /// <summary>Every answer: up to four tokens, 5 ends it.</summary>
    private static IEnumerable<Completion> Answers(CausalLmPolicy reference, Prompt prompt)
    {
        var template = reference.Sample([prompt], 1, seed: 1)[0];
        var open = new List<int[]> { Array.Empty<int>() };
        while (open.Count > 0)
        {
            var longer = open.SelectMany(tokens => Enumerable.Range(0, 6).Select(token => (int[])[.. tokens, token])).ToList();
            foreach (int[] tokens in longer.Where(tokens => tokens[^1] == 5 || tokens.Length == 4))
                yield return template with
                {
                    Tokens = [.. tokens],
                    Text = string.Join(' ', tokens),
                    FinishReason = tokens[^1] == 5 ? FinishReason.Stopped : FinishReason.Length,
                };
            open = [.. longer.Where(tokens => tokens[^1] != 5 && tokens.Length < 4)];
        }
    }

    /// <summary>The same numbers, said to be of another tokenizer.</summary>
    private sealed class OtherTokenizer(int vocabularySize) : ITokenizer
    {
        private readonly NumberTokenizer _numbers = new(vocabularySize);

        public ModelIdentity Identity => "other numbers";

        public int VocabularySize => vocabularySize;

        public ImmutableArray<int> Encode(string text) => _numbers.Encode(text);

        public string Decode(IReadOnlyList<int> tokens) => _numbers.Decode(tokens);
    }

    /// <summary>A head that is read token by token alone.</summary>
    private sealed class Stepwise(IPrefixValue value) : IPrefixValue
    {
        public ModelIdentity Identity => value.Identity;

        public ScoringIdentity? Origin => value.Origin;

        public bool NeedsHiddenStates => value.NeedsHiddenStates;

        public ImmutableArray<int> ReferenceLayers => value.ReferenceLayers;

        public void Require(RankWeight weight) => value.Require(weight);

        public IPrefixWalk Start(IReadOnlyList<Prompt> prompts, IReadOnlyList<IReadOnlyList<int>> promptTokens, RankWeight weight) =>
            value.Start(prompts, promptTokens, weight);
    }

    /// <summary>Whether the number of twos is odd, and a reward that looks at it.</summary>
    private static (bool IsOdd, double Reward) Odd(IReadOnlyList<int> tokens)
    {
        bool odd = tokens.Count(token => token == 2) % 2 == 1;
        return (odd, Math.Round((odd ? 3 : 0) + (0.3 * tokens.Sum(token => Math.Sin(3 * token))), 6));
    }

    /// <summary>The reward of the answer so far, and its length.</summary>
    private sealed class SoFar : IPrefixReward
    {
        public ModelIdentity Identity => "reward so far";

        public int Count => 2;

        public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers)
        {
            for (int i = 0; i < prefixes.Count; i++)
            {
                var completion = new Completion
                {
                    Prompt = prefixes[i].Prompt,
                    Text = "",
                    Tokens = [.. prefixes[i].Tokens],
                };
                (numbers[2 * i], numbers[(2 * i) + 1]) = ((float)Reward(completion), prefixes[i].Tokens.Count);
            }
        }
    }

    /// <summary>Whether the number of twos so far is odd.</summary>
    private sealed class OddSoFar : IPrefixReward
    {
        public ModelIdentity Identity => "odd so far";

        public int Count => 1;

        public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers)
        {
            for (int i = 0; i < prefixes.Count; i++)
                numbers[i] = Odd(prefixes[i].Tokens).IsOdd ? 1 : 0;
        }
    }

    /// <summary>A number that hardly moves in training, and is large elsewhere.</summary>
    private sealed class Hardly(Prompt prompt, int[] tokens) : IPrefixReward
    {
        public ModelIdentity Identity => "hardly";

        public int Count => 1;

        public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers)
        {
            for (int i = 0; i < prefixes.Count; i++)
                numbers[i] =
                    prefixes[i].Prompt == prompt && prefixes[i].Tokens.SequenceEqual(tokens) ? 1e-12f
                    : HeldOut.Contains(prefixes[i].Prompt) ? 1
                    : 0;
        }
    }

    /// <summary>Counts what it is asked.</summary>
    private sealed class Counted : IPrefixReward
    {
        private int _prefixes;

        public int Prefixes => _prefixes;

        public ModelIdentity Identity => "counted";

        public int Count => 1;

        public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers)
        {
            Interlocked.Add(ref _prefixes, prefixes.Count);
            numbers.Fill(1);
        }
    }

    /// <summary>Cancels after some completions.</summary>
    private sealed class Stopping(CancellationTokenSource stop, int after) : IPrefixReward
    {
        public int Asked { get; private set; }

        public ModelIdentity Identity => "stopping";

        public int Count => 1;

        public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers)
        {
            if (++Asked == after)
                stop.Cancel();
        }
    }

    private sealed class Named(ModelIdentity identity) : IPrefixReward
    {
        public ModelIdentity Identity => identity;

        public int Count => 1;

        public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers) => numbers.Clear();
    }

    private sealed class NoNumber : IPrefixReward
    {
        public ModelIdentity Identity => "nothing";

        public int Count { get; init; } = 2;

        public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers) => numbers[^1] = float.NaN;
    }

    private static void Says(string word, Exception error) => Assert.Contains(word, error.Message, StringComparison.Ordinal);

    private sealed class Told : IProgress<double>
    {
        public List<double> Shares { get; } = [];

        public void Report(double value) => Shares.Add(value);
    }
}
