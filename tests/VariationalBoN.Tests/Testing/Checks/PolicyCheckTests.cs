using VariationalBoN.Policies;
using VariationalBoN.Testing.Checks;
using VariationalBoN.Testing.Worlds;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Testing.Checks;

/// <summary>Each check catches the policy that is broken in its way and names the cause; sound policies pass for many seeds.</summary>
[Trait("Tier", "torch")]
public sealed class PolicyCheckTests
{
    private static readonly Prompt[] s_prompts = ["1 2 3 4", "0", "2 2"];
    private static readonly PolicyCheckOptions s_options = new() { Draws = 600, StopTokens = [5] };

    private static CausalLmPolicy Sound(double temperature = 1, int? topK = null) =>
        new(
            TinyModels.Gpt2(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 4,
                StopTokens = [5],
                Temperature = temperature,
                TopK = topK,
            }
        );

    private static void Caught(IPolicy policy, string check, string cause, PolicyCheckOptions? options = null)
    {
        CheckReport report = PolicyCheck.Run(policy, s_prompts, options ?? s_options);
        CheckResult result = report[check];
        Assert.True(result.Status == CheckStatus.Failed, report.ToString());
        Assert.Contains(result.LikelyCauses, text => text.Contains(cause, StringComparison.Ordinal));
        Assert.False(report.Passed);
    }

    private static void OfDraws(
        Func<CausalLmPolicy, Func<IReadOnlyList<Prompt>, int, DrawSeed, IReadOnlyList<Completion>>> draw,
        string check,
        string cause
    )
    {
        CausalLmPolicy sound = Sound();
        Caught(new AlteredPolicy(sound) { Draw = draw(sound) }, check, cause);
    }

    private static void OfValues(Func<IReadOnlyList<Completion>, double[], double[]> change, string check, string cause)
    {
        CausalLmPolicy sound = Sound();
        Caught(new AlteredPolicy(sound) { Values = completions => change(completions, sound.LogProbValues(completions)) }, check, cause);
    }

    [Fact]
    public void Generator_with_state_is_caught()
    {
        int calls = 0;
        OfDraws(
            sound => (prompts, k, seed) => sound.Sample(prompts, k, seed with { Value = calls++ }),
            "sample: same seed",
            "CounterRandom"
        );
    }

    [Fact]
    public void Ignored_seed_or_purpose_is_caught()
    {
        OfDraws(
            sound => (prompts, k, seed) => sound.Sample(prompts, k, seed with { Value = 0 }),
            "sample: other seeds and purposes",
            "ignored"
        );
        OfDraws(
            sound => (prompts, k, seed) => sound.Sample(prompts, k, seed with { Purpose = DrawPurpose.Rollout }),
            "sample: other seeds and purposes",
            "Purpose"
        );
    }

    [Fact]
    public void Ignored_first_sample_is_caught() =>
        OfDraws(sound => (prompts, k, seed) => sound.Sample(prompts, k, seed with { FirstSample = 0 }), "sample: numbering", "FirstSample");

    [Fact]
    public void Same_samples_for_a_prompt_that_stands_twice_are_caught() =>
        OfDraws(
            sound => (prompts, k, seed) => [.. prompts.SelectMany(prompt => sound.Sample([prompt], k, seed))],
            "sample: numbering",
            "stands twice"
        );

    [Fact]
    public void Random_numbers_by_place_in_the_batch_are_caught() =>
        OfDraws(
            sound =>
                (prompts, k, seed) =>
                    [.. prompts.SelectMany((prompt, p) => sound.Sample([prompt], k, seed with { Value = seed.Value + p }))],
            "sample: batch",
            "CounterRandom"
        );

    [Fact]
    public void Wrong_order_and_wrong_count_are_caught()
    {
        OfDraws(
            sound =>
                (prompts, k, seed) =>
                    [.. sound.Sample(prompts, k, seed).Select((c, i) => (c, i)).OrderBy(pair => pair.i % k).Select(pair => pair.c)],
            "sample: count and order",
            "sample by sample"
        );
        OfDraws(sound => (prompts, k, seed) => sound.Sample(prompts, 1, seed), "sample: count and order", "P * K");
    }

    [Fact]
    public void Stop_token_cut_off_padding_left_in_and_wrong_reason_are_caught()
    {
        static Completion Cut(Completion c) =>
            c.FinishReason == FinishReason.Stopped && c.Tokens.Length > 1 ? c with { Tokens = c.Tokens[..^1] } : c;
        static Completion Padded(Completion c) => c.FinishReason == FinishReason.Stopped ? c with { Tokens = [.. c.Tokens, 5, 5] } : c;
        static Completion Mislabelled(Completion c) => c with { FinishReason = FinishReason.Length };
        OfDraws(sound => (prompts, k, seed) => [.. sound.Sample(prompts, k, seed).Select(Cut)], "sample: finish reason", "cut off");
        OfDraws(sound => (prompts, k, seed) => [.. sound.Sample(prompts, k, seed).Select(Padded)], "sample: finish reason", "padding");
        OfDraws(
            sound => (prompts, k, seed) => [.. sound.Sample(prompts, k, seed).Select(Mislabelled)],
            "sample: finish reason",
            "truncated"
        );
    }

    [Fact]
    public void Log_probs_out_of_range_are_caught()
    {
        OfValues((_, values) => [.. values.Select((value, i) => i == 0 ? double.NaN : value)], "log-prob: range", "NaN");
        OfValues((_, values) => [.. values.Select(value => -value)], "log-prob: range", "above 0");
        OfValues((_, values) => [.. values.Select((value, i) => i == 0 ? double.NegativeInfinity : value)], "log-prob: range", "-infinity");
    }

    [Fact]
    public void Dropout_is_caught()
    {
        Caught(
            new CausalLmPolicy(new NoisyModule(TinyModels.Gpt2()), new NumberTokenizer(TinyModels.Vocabulary), Sound().Options),
            "log-prob: repeated",
            "dropout"
        );
        var model = TinyModels.Gpt2();
        var policy = new CausalLmPolicy(model, new NumberTokenizer(TinyModels.Vocabulary), Sound().Options);
        model.train();
        Caught(policy, "sample: count and order", "call eval()");
    }

    [Fact]
    public void Dependence_on_the_batch_is_caught() =>
        OfValues(
            (completions, values) => [.. values.Select(value => value - (0.01 * completions.Count))],
            "log-prob: batch",
            "batch normalisation"
        );

    [Fact]
    public void Dependence_on_padding_is_caught_and_told_from_that_on_the_batch()
    {
        static double[] Shifted(IReadOnlyList<Completion> completions, double[] values)
        {
            int longest = completions.Max(c => c.PromptTokens.Length + c.Tokens.Length);
            return
            [
                .. values.Select(
                    (value, i) => value - (0.01 * (longest - completions[i].PromptTokens.Length - completions[i].Tokens.Length))
                ),
            ];
        }

        OfValues(Shifted, "log-prob: padding", "position ids ignore the mask");
        CausalLmPolicy sound = Sound();
        CheckReport report = PolicyCheck.Run(
            new AlteredPolicy(sound) { Values = c => Shifted(c, sound.LogProbValues(c)) },
            s_prompts,
            s_options
        );
        Assert.Equal(CheckStatus.Passed, report["log-prob: batch"].Status);
        Assert.InRange(report["log-prob: padding"].Measured!.Value, 0.03, 0.1);
    }

    [Fact]
    public void Values_sorted_by_length_are_caught() =>
        OfValues(
            (completions, values) =>
                [
                    .. values
                        .Select((value, i) => (value, completions[i].Tokens.Length))
                        .OrderBy(pair => pair.Length)
                        .Select(pair => pair.value),
                ],
            "log-prob: order",
            "another order"
        );

    [Fact]
    public void Reference_that_is_no_copy_is_caught() =>
        Caught(Sound(), "log-prob: reference copy", "no copy", s_options with { Reference = Sound(temperature: 1.1) });

    [Fact]
    public void Averaging_over_tokens_is_caught()
    {
        using var table = new TabularPolicy(s_prompts, 3, 3);
        var policy = new AlteredPolicy(table) { Values = completions => [.. table.LogProbValues(completions).Select(value => value / 3)] };
        IReadOnlyList<Completion> All(Prompt prompt) =>
            [.. Enumerable.Range(0, 27).Select(y => TabularPolicy.CompletionOf(prompt, [y / 9, y / 3 % 3, y % 3]))];
        Caught(policy, "log-prob: sums to one", "averaged", s_options with { Enumerate = All });
        Caught(policy, "frequencies", "averages", s_options);
    }

    [Theory]
    [InlineData(1.6, 1)]
    [InlineData(1, 1.6)]
    [InlineData(0.7, 1)]
    public void Temperature_that_one_of_the_two_ignores_is_caught_and_named(double ofSample, double ofLogProb)
    {
        CausalLmPolicy drawing = Sound(ofSample),
            scoring = Sound(ofLogProb);
        var policy = new AlteredPolicy(scoring) { Draw = (prompts, k, seed) => drawing.Sample(prompts, k, seed) };
        Caught(policy, "temperature", "different temperatures");
        Caught(policy, "frequencies", "different temperatures", s_options with { Draws = 3000 });
        string detail = PolicyCheck.Run(policy, s_prompts, s_options with { Draws = 3000 })["temperature"].Detail;
        Assert.Equal(
            ofSample / ofLogProb,
            double.Parse(detail[(detail.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture),
            0.15
        );
    }

    [Fact]
    public void Truncation_of_samples_alone_is_caught()
    {
        CausalLmPolicy drawing = Sound(topK: 2),
            scoring = Sound();
        Caught(new AlteredPolicy(scoring) { Draw = (prompts, k, seed) => drawing.Sample(prompts, k, seed) }, "frequencies", "truncates");
    }

    [Fact]
    public void Log_probs_of_other_tokens_are_caught()
    {
        CausalLmPolicy sound = Sound();
        Caught(
            new AlteredPolicy(sound)
            {
                Values = completions =>
                    sound.LogProbValues([.. completions.Select(c => c with { Tokens = [.. c.Tokens.Select(token => (token + 1) % 5)] })]),
            },
            "frequencies",
            "shifted by one"
        );
    }

    [Fact]
    public void Module_that_is_not_causal_is_caught()
    {
        var policy = new CausalLmPolicy(
            new NonCausalModule(TinyModels.Gpt2()),
            new NumberTokenizer(TinyModels.Vocabulary),
            Sound().Options
        );
        Caught(policy, "chunks", "no causal mask");
        Caught(policy, "log-prob: padding", "mask");
    }

    [Fact]
    public void Wrong_cache_is_caught() =>
        Caught(
            new CausalLmPolicy(new MixedUpCache(TinyModels.Gpt2()), new NumberTokenizer(TinyModels.Vocabulary), Sound().Options),
            "cache",
            "SelectRows"
        );

    [Fact]
    public void Identity_that_changes_is_caught()
    {
        int asked = 0;
        Caught(new AlteredPolicy(Sound()) { Identify = () => $"asked {asked++} times" }, "identity", "changes");
    }

    [Fact]
    public void What_the_policy_throws_is_a_failed_check_and_the_rest_is_skipped()
    {
        var policy = new AlteredPolicy(Sound()) { Values = _ => throw new NotSupportedException("no such head") };
        CheckReport report = PolicyCheck.Run(policy, s_prompts, s_options);
        Assert.Contains("NotSupportedException: no such head", report["log-prob: range"].Detail, StringComparison.Ordinal);
        Assert.Equal(CheckStatus.Failed, report["log-prob: range"].Status);
        Assert.Equal(CheckStatus.Skipped, report["frequencies"].Status);
        Assert.Equal(CheckStatus.Passed, report["sample: same seed"].Status);
    }

    [Fact]
    public void Cancellation_passes_through()
    {
        using var source = new CancellationTokenSource();
        var policy = new AlteredPolicy(Sound())
        {
            Draw = (_, _, _) =>
            {
                source.Cancel();
                source.Token.ThrowIfCancellationRequested();
                return [];
            },
        };
        Assert.ThrowsAny<OperationCanceledException>(() => PolicyCheck.Run(policy, s_prompts, s_options, source.Token));
    }

    [Fact]
    public void Faulty_arguments_are_refused_all_at_once()
    {
        Assert.Throws<ArgumentException>(() => PolicyCheck.Run(Sound(), []));
        string message = Assert
            .Throws<ArgumentException>(() =>
                PolicyCheck.Run(
                    Sound(),
                    s_prompts,
                    new PolicyCheckOptions
                    {
                        Tolerance = double.NaN,
                        Draws = 1,
                        FalseAlarmRate = 0,
                    }
                )
            )
            .Message;
        Assert.All(
            ["Tolerance is NaN", "Draws is 1", "FalseAlarmRate is 0"],
            part => Assert.Contains(part, message, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Sound_language_model_passes_and_no_check_is_skipped()
    {
        var model = TinyModels.Gpt2();
        using var frozen = model.FrozenCopy(() => TinyModels.Gpt2(seed: 9));
        var policy = new CausalLmPolicy(
            model,
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 4,
                StopTokens = [5],
                Temperature = 0.8,
            }
        );
        CheckReport report = PolicyCheck.Run(
            policy,
            s_prompts,
            new PolicyCheckOptions { Reference = new CausalLmPolicy(frozen, new NumberTokenizer(TinyModels.Vocabulary), policy.Options) }
        );
        Assert.All(
            report.Results,
            result => Assert.True(result.Status == CheckStatus.Passed && result.Measured <= result.Threshold, report.ToString())
        );
        Assert.Equal(19, report.Results.Length);
    }

    [Fact]
    public void What_does_not_apply_is_skipped_with_its_reason()
    {
        CheckReport report = PolicyCheck.Run(
            new WordPolicy([0.5, 0.3, 0.2]),
            ["a", "a longer prompt"],
            s_options with
            {
                StopTokens = null,
            }
        );
        Assert.True(report.Passed, report.ToString());
        Assert.Contains("CausalLmPolicy", report["cache"].Detail, StringComparison.Ordinal);
        Assert.Contains("Enumerate", report["log-prob: sums to one"].Detail, StringComparison.Ordinal);
        Assert.Contains("Reference", report["log-prob: reference copy"].Detail, StringComparison.Ordinal);
        Assert.All(report.Results.Where(r => r.Status == CheckStatus.Skipped), r => Assert.Null(r.Measured));
    }

    /// <summary>300 seeds at a false alarm rate of 0.3: the two statistical checks fail at
    /// most 0.2 * 300 + 4 sqrt(300 * 0.16) times, and not never.</summary>
    [Fact]
    public void False_alarm_rate_is_what_it_says()
    {
        const int Seeds = 300;
        using var policy = new TabularPolicy(["a"], 4, 2, [.. Enumerable.Range(0, 20).Select(i => Math.Sin(i * 1.7))]);
        int frequencies = 0,
            temperatures = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            var options = new PolicyCheckOptions
            {
                FalseAlarmRate = 0.3,
                Draws = 200,
                Seed = 10_000L * seed,
            };
            OutcomeCounts counts = OutcomeCounts.Draw(new PolicyProbe(policy, ["a"], options, default));
            frequencies += FrequencyChecks.Frequencies(counts, options).Status == CheckStatus.Failed ? 1 : 0;
            temperatures += FrequencyChecks.Temperature(counts, options).Status == CheckStatus.Failed ? 1 : 0;
        }

        Assert.InRange(frequencies, 1, (0.1 * Seeds) + (4 * Math.Sqrt(Seeds * 0.09)));
        Assert.InRange(temperatures, 1, (0.1 * Seeds) + (4 * Math.Sqrt(Seeds * 0.09)));
    }

    /// <summary>At the default false alarm rate of 1e-4 one failure in these 60 runs has probability 0.6 %.</summary>
    [Fact]
    public void Sound_policies_pass_for_many_seeds()
    {
        var world = new EnumerableWorld(
            3,
            3,
            [.. Enumerable.Range(0, 39).Select(i => Math.Cos(i))],
            [.. Enumerable.Range(0, 27).Select(i => (double)(i % 5))],
            4
        );
        using TabularPolicy reference = world.Reference(),
            table = new(s_prompts, 2, 4),
            frozen = reference.CloneFrozen();
        for (int seed = 0; seed < 50; seed++)
        {
            PolicyCheck
                .Run(
                    reference,
                    [EnumerableWorld.Prompt],
                    new PolicyCheckOptions
                    {
                        Seed = seed,
                        Draws = 300,
                        Reference = frozen,
                    }
                )
                .ThrowIfFailed();
            if (seed < 10)
                PolicyCheck.Run(table, s_prompts, new PolicyCheckOptions { Seed = seed, Draws = 300 }).ThrowIfFailed();
        }
    }

    [Fact]
    public void Options_say_how_much_is_drawn_how_much_may_differ_and_what_is_listed()
    {
        CausalLmPolicy sound = Sound();
        int drawn = 0,
            call = 0;
        // one of the twelve completions of each call, three prompts of four, is another one
        var altered = new AlteredPolicy(sound)
        {
            Draw = (prompts, k, seed) =>
            {
                drawn = Math.Max(drawn, prompts.Count * k);
                Completion[] completions = [.. sound.Sample(prompts, k, seed)];
                completions[0] = completions[0] with { Tokens = [.. completions[0].Tokens, ++call % 5] };
                return completions;
            },
        };
        PolicyCheckOptions options = s_options with { CompletionsPerPrompt = 4, FrequencyPrompts = 1, ScoresPrefixes = false };
        CheckStatus Status(double tolerance, string check) =>
            PolicyCheck.Run(altered, s_prompts, options with { DrawTolerance = tolerance })[check].Status;

        Assert.Equal(CheckStatus.Failed, Status(0.02, "sample: same seed"));
        Assert.NotEqual(CheckStatus.Failed, Status(1, "sample: batch"));
        Assert.True(drawn >= 12);

        CheckReport few = PolicyCheck.Run(sound, s_prompts, options with { MaxEnumeration = 3 });
        CheckResult sum = few["log-prob: sums to one"];
        Assert.Equal(("log-prob: sums to one", CheckStatus.Skipped), (sum.Name, sum.Status));
        Assert.Contains("more than 3 completions", sum.Detail, StringComparison.Ordinal);
        Assert.Contains(few.Results, result => result.Detail.Contains("first tokens are not tested", StringComparison.Ordinal));
        Assert.DoesNotContain(few.Results, result => result.Detail.Contains("of prompt 1", StringComparison.Ordinal));
    }
}
