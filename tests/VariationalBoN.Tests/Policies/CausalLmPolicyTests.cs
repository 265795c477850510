using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

[Trait("Tier", "torch")]
[Trait("Kernels", "any")]
public sealed class CausalLmPolicyTests
{
    private const double Rounding = 1e-5;
    private static readonly Prompt[] MixedPrompts = ["1 2 3 4 0 1 2", "0", "2 2", "4 3 2"];
    private static readonly GenerationOptions Options = new() { MaxNewTokens = 4, StopTokens = [5] };

    public static TheoryData<double, int?, double?> Settings =>
        new()
        {
            { 1, null, null },
            { 0.7, null, null },
            { 1.6, 3, null },
            { 1, null, 0.8 },
            { 2, 4, 0.85 },
        };

    [Theory]
    [MemberData(nameof(Settings))]
    public void Log_prob_is_that_of_enumeration_and_sums_to_one(double temperature, int? topK, double? topP)
    {
        using var scope = NewDisposeScope();
        var model = TinyModels.Gpt2();
        var options = Options with { MaxNewTokens = 3, Temperature = temperature, TopK = topK, TopP = topP };
        var policy = new CausalLmPolicy(model, new NumberTokenizer(TinyModels.Vocabulary), options);
        List<Completion> all = [.. Enumerate([], 3).Select(tokens => Completion([1, 2], tokens))];
        double[] values = policy.LogProbValues(all);
        Assert.Equal(1, values.Sum(Math.Exp), 1e-5);
        for (int i = 0; i < all.Count; i++)
        {
            double expected = 0;
            for (int t = 0; t < all[i].Tokens.Length; t++)
                expected += Math.Log(NextTokens(model, [1, 2, .. all[i].Tokens[..t]], options)[all[i].Tokens[t]]);
            if (double.IsNegativeInfinity(expected))
                Assert.Equal(double.NegativeInfinity, values[i]);
            else
                Assert.Equal(expected, values[i], Rounding);
        }

        Assert.Equal(topK is null && topP is null, policy.HasFullSupport);
    }

    [Fact]
    public void Parameters_that_train_have_the_names_of_the_module_and_the_tokenizer_is_in_the_identity()
    {
        using var model = TinyModels.Gpt2();
        var tokenizer = new NumberTokenizer(TinyModels.Vocabulary);
        var policy = new CausalLmPolicy(model, tokenizer, Options);
        model.parameters().First().requires_grad = false;

        var expected = model.named_parameters().Where(pair => pair.parameter.requires_grad).ToArray();
        Assert.Equal(expected.Select(pair => pair.name), policy.NamedParameters.Select(pair => pair.Name));
        Assert.Equal(expected.Select(pair => pair.parameter), policy.Parameters);
        Assert.Equal((true, false), (policy.HasDecoder, new CausalLmPolicy(new PlainModule(model), tokenizer, Options).HasDecoder));
        ITokenizer plain = tokenizer;
        Assert.False(plain.ReadsConversations);
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Cache_changes_neither_tokens_nor_log_probs(double temperature, int? topK, double? topP)
    {
        var options = Options with { MaxNewTokens = 12, Temperature = temperature, TopK = topK, TopP = topP };
        var cached = new CausalLmPolicy(TinyModels.Gpt2(), new NumberTokenizer(TinyModels.Vocabulary), options);
        var full = new CausalLmPolicy(TinyModels.Gpt2(), new NumberTokenizer(TinyModels.Vocabulary), options with { UseCache = false });
        var plain = new CausalLmPolicy(new PlainModule(TinyModels.Gpt2()), new NumberTokenizer(TinyModels.Vocabulary), options);
        var drawn = cached.Sample(MixedPrompts, 20, seed: 1);
        Assert.Equal(Tokens(drawn), Tokens(full.Sample(MixedPrompts, 20, seed: 1)));
        Assert.Equal(Tokens(drawn), Tokens(plain.Sample(MixedPrompts, 20, seed: 1)));
        RequireClose(cached.LogProbValues(drawn), plain.LogProbValues(drawn));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reference_copy_has_log_ratio_zero(bool useCache)
    {
        using var model = TinyModels.Gpt2(seed: 4, vocabulary: 50);
        using var frozen = model.FrozenCopy(() => TinyModels.Gpt2(seed: 5, vocabulary: 50));
        var options = Options with { MaxNewTokens = 20, UseCache = useCache, RowsPerBatch = 7 };
        var policy = new CausalLmPolicy(model, new NumberTokenizer(50), options);
        var reference = new CausalLmPolicy(frozen, new NumberTokenizer(50), options with { RowsPerBatch = 16 });
        var drawn = policy.Sample(MixedPrompts, 10, seed: 2);
        RequireClose(policy.LogProbValues(drawn), reference.LogProbValues(drawn));
        Assert.All(policy.StepwiseKl(reference, drawn), kl => Assert.Equal(0, kl, 1e-9));
        Assert.Equal(policy.Identity, reference.Identity);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(5, 3)]
    [InlineData(1000, 2)]
    public void Batches_compaction_and_threads_do_not_change_completions(int rowsPerBatch, int degreeOfParallelism)
    {
        var options = Options with { MaxNewTokens = 16 };
        var expected = new CausalLmPolicy(TinyModels.Gpt2(), new NumberTokenizer(TinyModels.Vocabulary), options).Sample(
            MixedPrompts,
            25,
            seed: 3
        );
        Assert.True(expected.Select(c => c.Tokens.Length).Distinct().Count() > 4);
        foreach (bool useCache in new[] { true, false })
        {
            var policy = new CausalLmPolicy(
                TinyModels.Gpt2(),
                new NumberTokenizer(TinyModels.Vocabulary),
                options with
                {
                    RowsPerBatch = rowsPerBatch,
                    DegreeOfParallelism = degreeOfParallelism,
                    UseCache = useCache,
                }
            );
            Assert.Equal(Tokens(expected), Tokens(policy.Sample(MixedPrompts, 25, seed: 3)));
        }
    }

    [Fact]
    public void Completions_end_at_a_stop_token_or_at_the_maximum_length()
    {
        var policy = new CausalLmPolicy(
            TinyModels.Gpt2(),
            new NumberTokenizer(TinyModels.Vocabulary),
            Options with
            {
                StopTokens = [5, 4],
            }
        );
        foreach (var completion in policy.Sample(MixedPrompts, 30, seed: 4))
        {
            bool stopped = completion.Tokens[^1] is 4 or 5;
            Assert.Equal(stopped ? FinishReason.Stopped : FinishReason.Length, completion.FinishReason);
            Assert.DoesNotContain(completion.Tokens[..^1], token => token is 4 or 5);
            Assert.True(stopped ? completion.Tokens.Length <= 4 : completion.Tokens.Length == 4);
            Assert.Equal(
                string.Concat((stopped ? completion.Tokens[..^1] : completion.Tokens).Select(token => $" {token}")),
                completion.Text
            );
            Assert.Equal(
                new NumberTokenizer(TinyModels.Vocabulary).Encode(completion.Prompt.Text).ToArray(),
                completion.PromptTokens.ToArray()
            );
        }
    }

    [Fact]
    public void Stepwise_KL_is_the_sum_of_exact_divergences_and_averages_to_the_KL_of_sequences()
    {
        using var scope = NewDisposeScope();
        var (model, other) = (TinyModels.Gpt2(1), TinyModels.Gpt2(2));
        var options = Options with { MaxNewTokens = 3, RowsPerBatch = 50 };
        var policy = new CausalLmPolicy(model, new NumberTokenizer(TinyModels.Vocabulary), options);
        var reference = new CausalLmPolicy(other, new NumberTokenizer(TinyModels.Vocabulary), options);
        List<Completion> all = [.. Enumerate([], 3).Select(tokens => Completion([1, 2], tokens))];
        double[] stepwise = policy.StepwiseKl(reference, all),
            log = policy.LogProbValues(all),
            logReference = reference.LogProbValues(all);
        double[] p = NextTokens(model, [1, 2], options),
            q = NextTokens(other, [1, 2], options);
        Assert.Equal(p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum(), stepwise[all.FindIndex(c => c.Tokens.Length == 1)], 1e-5);
        Assert.Equal(
            log.Zip(logReference, (a, b) => Math.Exp(a) * (a - b)).Sum(),
            log.Zip(stepwise, (a, kl) => Math.Exp(a) * kl).Sum(),
            1e-5
        );
        Assert.False(
            policy.CanCompareWith(new CausalLmPolicy(other, new NumberTokenizer(TinyModels.Vocabulary), options with { StopTokens = [] }))
        );
    }

    [Fact]
    public void Gradient_of_log_prob_is_that_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        var model = TinyModels.Gpt2();
        var policy = new CausalLmPolicy(
            model,
            new NumberTokenizer(TinyModels.Vocabulary),
            Options with
            {
                Temperature = 1.3,
                RowsPerBatch = 2,
            }
        );
        Completion[] completions = [Completion([1], [2, 3, 5]), Completion([0, 1, 2], [4, 4, 4, 4]), Completion([2, 2], [5])];
        policy.LogProb(completions).sum().backward();
        foreach (
            (string name, var parameter) in model
                .named_parameters()
                .Where(p => p.name is "wte.weight" or "h.0.attn.c_attn.weight" or "ln_f.bias")
        )
        {
            var flat = parameter.detach().view(-1);
            double gradient = parameter.grad!.view(-1)[3].item<float>(),
                value = flat[3].item<float>();
            const double Step = 2e-3;
            double Moved(double by)
            {
                flat[3] = (float)(value + by);
                return policy.LogProbValues(completions).Sum();
            }

            double numeric = (Moved(Step) - Moved(-Step)) / (2 * Step);
            Moved(0);
            Assert.True(Math.Abs(numeric - gradient) <= 0.01 * (1 + Math.Abs(numeric)), $"{name}: {gradient} against {numeric}");
        }
    }

    [Fact]
    public void No_pass_of_the_module_holds_more_rows_than_asked_for()
    {
        var module = new WidestPass(TinyModels.Gpt2());
        var policy = new CausalLmPolicy(module, new NumberTokenizer(TinyModels.Vocabulary), Options with { RowsPerBatch = 3 });
        var drawn = policy.Sample(MixedPrompts, 5, seed: 5);
        policy.LogProbValues(drawn);
        policy.StepwiseKl(policy, drawn);
        Assert.Equal(3, module.Rows);
    }

    [Fact]
    public void Log_prob_of_nothing_is_empty()
    {
        using var values = new CausalLmPolicy(TinyModels.Gpt2(), new NumberTokenizer(TinyModels.Vocabulary)).LogProb([]);
        Assert.Equal([0L], values.shape);
    }

    private static void RequireClose(double[] expected, double[] actual)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (double.IsNegativeInfinity(expected[i]))
                Assert.Equal(expected[i], actual[i]);
            else
                Assert.Equal(expected[i], actual[i], Rounding);
        }
    }

    private static Completion Completion(int[] prompt, int[] tokens) =>
        new()
        {
            Prompt = "",
            Text = "",
            PromptTokens = [.. prompt],
            Tokens = [.. tokens],
        };

    private static string[] Tokens(IReadOnlyList<Completion> completions) => [.. completions.Select(c => string.Join(' ', c.Tokens))];

    private static IEnumerable<int[]> Enumerate(int[] start, int most)
    {
        for (int token = 0; token < TinyModels.Vocabulary; token++)
        {
            int[] tokens = [.. start, token];
            if (token == 5 || tokens.Length == most)
                yield return tokens;
            else
            {
                foreach (int[] longer in Enumerate(tokens, most))
                    yield return longer;
            }
        }
    }

    /// <summary>The distribution of the next token in plain doubles from the logits of one unpadded row.</summary>
    private static double[] NextTokens(nn.Module<Tensor, Tensor> model, int[] tokens, GenerationOptions options)
    {
        using var scope = NewDisposeScope();
        double[] logits =
        [
            .. model
                .call(tensor(tokens.Select(t => (long)t).ToArray(), [1, tokens.Length]))[0, -1]
                .detach()
                .data<float>()
                .ToArray()
                .Select(x => x / options.Temperature),
        ];
        double[] p = [.. logits.Select(Math.Exp)];
        int[] order = [.. Enumerable.Range(0, p.Length).OrderByDescending(i => logits[i])];
        foreach (int i in order.Skip(options.TopK ?? p.Length))
            p[i] = 0;
        double total = p.Sum(),
            before = 0;
        foreach (int i in order)
        {
            double share = p[i] / total;
            if (before >= (options.TopP ?? 1))
                p[i] = 0;
            before += share;
        }

        return [.. p.Select(x => x / p.Sum())];
    }
}
