using TorchSharp.Modules;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

[Trait("Tier", "torch")]
public sealed class CausalLmPolicyErrorTests
{
    private static readonly GenerationOptions Options = new() { MaxNewTokens = 4, StopTokens = [5] };

    [Fact]
    public void All_faulty_options_are_named_in_one_message()
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = 0,
            Temperature = double.NaN,
            TopK = 0,
            TopP = 1.5,
            StopTokens = [2, 6, -1],
            RowsPerBatch = 0,
            DegreeOfParallelism = 0,
        };
        string message = Assert.Throws<ArgumentException>(() => Policy(options)).Message;
        foreach (
            string named in new[]
            {
                "MaxNewTokens is 0",
                "Temperature is NaN",
                "TopK is 0",
                "TopP is 1.5",
                "StopTokens is 6",
                "StopTokens is -1",
                "RowsPerBatch is 0",
                "DegreeOfParallelism is 0",
            }
        )
            Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain("StopTokens is 2", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [InlineData(double.PositiveInfinity)]
    public void Temperature_that_is_no_temperature_is_refused(double temperature) =>
        Assert.Throws<ArgumentException>(() => Policy(Options with { Temperature = temperature }));

    [Fact]
    public void Default_stop_tokens_are_refused() =>
        Assert.Contains(
            "default array",
            Assert.Throws<ArgumentException>(() => Policy(Options with { StopTokens = default })).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tokenizer_of_another_vocabulary_is_refused(bool plain)
    {
        nn.Module<Tensor, Tensor> model = plain ? new PlainModule(TinyModels.Gpt2()) : TinyModels.Gpt2();
        string message = Assert.Throws<ArgumentException>(() => new CausalLmPolicy(model, new NumberTokenizer(7))).Message;
        Assert.Contains("logits of 6 tokens, but the tokenizer has 7", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Module_that_returns_no_logits_is_refused() =>
        Assert.Contains(
            "it must return [1, 1, 6]",
            Assert.Throws<InvalidOperationException>(() => new CausalLmPolicy(new FlatModule(), new NumberTokenizer(6))).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("", "has no tokens")]
    [InlineData("1 6", "token 6, outside the vocabulary of 0 to 5")]
    [InlineData("-1", "token -1")]
    [InlineData(
        "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "has 29 tokens; with 4 new tokens in a context of 32 it may have at most 28"
    )]
    public void Prompt_that_cannot_be_continued_is_refused(Prompt prompt, string named)
    {
        string message = Assert.Throws<ArgumentException>(() => Policy(Options).Sample(["1", prompt], 1, seed: 1)).Message;
        Assert.Contains("Prompt 1", message, StringComparison.Ordinal);
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Longest_prompt_that_fits_is_continued()
    {
        Prompt prompt = string.Join(' ', Enumerable.Repeat("1", 28));
        var drawn = Policy(Options with { StopTokens = [] }).Sample([prompt], 2, seed: 1);
        Assert.All(drawn, c => Assert.Equal(4, c.Tokens.Length));
        Assert.All(Policy(Options).LogProbValues(drawn), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void Completion_that_cannot_be_scored_is_refused()
    {
        var good = new Completion
        {
            Prompt = "1",
            Text = "2",
            PromptTokens = [1],
            Tokens = [2, 5],
        };
        foreach (
            (var bad, string named) in new[]
            {
                (good with { Tokens = [] }, "has no tokens"),
                (good with { PromptTokens = [] }, "has no prompt tokens"),
                (good with { Tokens = [2, 6] }, "token 6"),
                (good with { PromptTokens = [-3] }, "token -3"),
                (good with { Tokens = [.. Enumerable.Repeat(1, 32)] }, "33 tokens long"),
            }
        )
        {
            string message = Assert.Throws<ArgumentException>(() => Policy(Options).LogProb([good, bad])).Message;
            Assert.Contains("ompletion 1", message, StringComparison.Ordinal);
            Assert.Contains(named, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Module_in_training_mode_is_refused()
    {
        var model = TinyModels.Gpt2();
        var policy = new CausalLmPolicy(model, new NumberTokenizer(TinyModels.Vocabulary), Options);
        var drawn = policy.Sample(["1"], 1, seed: 1);
        model.train();
        Assert.Contains(
            "eval()",
            Assert.Throws<TrainingModeException>(() => policy.Sample(["1"], 1, seed: 1)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<TrainingModeException>(() => policy.LogProb(drawn));
        Assert.Throws<TrainingModeException>(() => policy.StepwiseKl(policy, drawn));
        model.eval();
        ((nn.Module)model.children().First()).train();
        Assert.Throws<TrainingModeException>(() => policy.Sample(["1"], 1, seed: 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Weights_that_diverged_are_named_instead_of_drawing_from_NaN(int degreeOfParallelism)
    {
        var model = TinyModels.Gpt2();
        using (no_grad())
            model.parameters().Last().fill_(float.NaN);
        var policy = new CausalLmPolicy(
            model,
            new NumberTokenizer(TinyModels.Vocabulary),
            Options with
            {
                RowsPerBatch = 1,
                DegreeOfParallelism = degreeOfParallelism,
            }
        );
        Assert.Contains(
            "diverged",
            Assert.Throws<ArithmeticException>(() => policy.Sample(["1", "2"], 1, seed: 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Shared_parameters_stand_once_and_equal_ones_each()
    {
        var model = new Tied(TinyModels.Vocabulary);
        var policy = new CausalLmPolicy(model, new NumberTokenizer(TinyModels.Vocabulary), Options);
        Assert.Equal([model.Table, model.Other], policy.Parameters, ReferenceEqualityComparer.Instance);
        new VariationalBoN.AdamW(policy.Parameters, 0.1).Dispose(); // refuses one that stands twice
    }

    private sealed class Tied : nn.Module<Tensor, Tensor>
    {
        public Tied(int vocabulary)
            : base(nameof(Tied))
        {
            (Table, Other) = (new Parameter(ones(vocabulary, vocabulary)), new Parameter(ones(vocabulary, vocabulary)));
            register_parameter("table", Table);
            register_parameter("other", Other);
            register_parameter("head", Table);
        }

        public Parameter Table { get; }

        public Parameter Other { get; }

        public override Tensor forward(Tensor input) => nn.functional.one_hot(input, Table.size(0)).to(ScalarType.Float32).matmul(Table);
    }

    [Fact]
    public void Reference_of_another_kind_is_refused_by_stepwise_KL()
    {
        var policy = Policy(Options);
        var other = new CausalLmPolicy(TinyModels.Gpt2(vocabulary: 7), new NumberTokenizer(7), Options);
        Assert.False(policy.CanCompareWith(other));
        Assert.Contains(
            "vocabulary 6",
            Assert.Throws<ArgumentException>(() => policy.StepwiseKl(other, [])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Identity_tells_weights_and_distribution_but_not_batching()
    {
        ModelIdentity identity = Policy(Options).Identity;
        Assert.Equal(identity, Policy(Options with { RowsPerBatch = 3, UseCache = false, DegreeOfParallelism = 2 }).Identity);
        Assert.NotEqual(identity, Policy(Options with { Temperature = 0.9 }).Identity);
        Assert.NotEqual(identity, Policy(Options with { MaxNewTokens = 5 }).Identity);
        Assert.NotEqual(identity, new CausalLmPolicy(TinyModels.Gpt2(2), new NumberTokenizer(TinyModels.Vocabulary), Options).Identity);
    }

    [Fact]
    public void Frozen_copy_asks_for_no_gradient_and_refuses_another_shape()
    {
        var model = TinyModels.Gpt2(1);
        var copy = model.FrozenCopy(() => TinyModels.Gpt2(2));
        Assert.All(copy.parameters(), parameter => Assert.False(parameter.requires_grad));
        Assert.All(model.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.False(copy.training);
        Assert.Throws<ArgumentException>(() => model.FrozenCopy(() => model));
        Assert.Contains(
            "wte.weight",
            Assert.Throws<ArgumentException>(() => model.FrozenCopy(() => TinyModels.Gpt2(vocabulary: 7))).Message,
            StringComparison.Ordinal
        );
    }

    private static CausalLmPolicy Policy(GenerationOptions options) =>
        new(TinyModels.Gpt2(), new NumberTokenizer(TinyModels.Vocabulary), options);
}
