using TorchSharp;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>Models whose products are bfloat16: close to float32, one law of drawing and scoring,
/// told by the identity, refused where weights cannot train.</summary>
[Trait("Tier", "torch")]
public sealed class MixedPrecisionTests
{
    /// <summary>Logits of these models are below 1 in magnitude, and a chain of some 10 products rounds each to 1 part in 256.</summary>
    private const double Close = 0.02;

    public static TheoryData<string> Families => [.. TinyDecoders.Configs.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Logits_and_gradients_are_near_those_of_float32(string family)
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create(family);
        var (logits, gradient) = Pass(model);
        model.UseMixedPrecision();
        var (mixedLogits, mixedGradient) = Pass(model);
        Assert.NotEqual(logits, mixedLogits);
        Assert.All(logits.Zip(mixedLogits), pair => Assert.Equal(pair.First, pair.Second, Close));
        double inner = gradient.Zip(mixedGradient, (a, b) => a * b).Sum();
        Assert.True(inner / Math.Sqrt(gradient.Sum(a => a * a) * mixedGradient.Sum(b => b * b)) > 0.999);
        Assert.All(
            model.parameters(),
            parameter => Assert.Equal((ScalarType.Float32, ScalarType.Float32), (parameter.dtype, parameter.grad!.dtype))
        );
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Decoding_scoring_and_the_forward_pass_are_one_law(string family)
    {
        using var model = TinyDecoders.Create(family);
        model.UseMixedPrecision();
        var policy = new CausalLmPolicy(
            model,
            new NumberTokenizer(TinyDecoders.Vocabulary),
            new GenerationOptions { MaxNewTokens = 6, Temperature = 0.8 }
        );
        var drawn = policy.Sample(["1 2 3", "4"], completionsPerPrompt: 3, seed: 1);
        double[] scored = policy.LogProbValues(drawn),
            plain = policy.WithoutDecoder().LogProbValues(drawn);
        Assert.All(scored.Zip(plain), pair => Assert.Equal(pair.First, pair.Second, 6 * Close));
        Assert.Equal(
            policy.Sample(["1 2 3", "4"], 3, seed: 1).Select(completion => completion.Text),
            drawn.Select(completion => completion.Text)
        );
    }

    [Fact]
    public void Decoding_narrows_the_weights_that_the_model_has_when_it_begins()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var model = TinyDecoders.Create("llama");
        model.UseMixedPrecision();
        var prompt = tensor(new long[] { 1, 2, 3 }, [1, 3]);
        var next = tensor(new long[] { 4 });
        double[] before = Step(),
            again = Step();
        foreach (var parameter in model.parameters())
            parameter.neg_();
        double[] after = Step(),
            expected = model.forward(tensor(new long[] { 1, 2, 3, 4 }, [1, 4])).select(1, 3).Doubles();
        Assert.Equal(before, again);
        Assert.NotEqual(before, after);
        Assert.All(expected.Zip(after), pair => Assert.Equal(pair.First, pair.Second, Close));

        double[] Step()
        {
            using var decoding = model.StartDecoding(prompt, [3], 1, out _);
            using var copy = decoding.CopyRows([0]);
            return copy.Append(next).Doubles();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Blocks_of_logits_are_those_at_once(bool trains)
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create("gpt2");
        model.UseMixedPrecision();
        var (tokens, positions, targets) = (Tokens(), tensor(new long[] { 0, 1, 2, 4, 5, 6 }), tensor(new long[] { 2, 3, 4, 6, 7, 8 }));
        var distribution = new NextTokenDistribution(new GenerationOptions(), TinyDecoders.Vocabulary);
        var (whole, ofWhole) = Score(100 * TinyDecoders.Vocabulary);
        var (blocks, ofBlocks) = Score(2 * TinyDecoders.Vocabulary);
        Assert.All(whole.Zip(blocks), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        Assert.All(ofWhole.Zip(ofBlocks), pair => Assert.Equal(pair.First, pair.Second, Close * (1 + Math.Abs(pair.First))));

        (double[] Values, double[] Gradient) Score(int elements)
        {
            using var mode = set_grad_enabled(trains);
            var values = TokenLogProbs.Of(
                new PositionLogits(model.HiddenStatesAt(tokens, positions), model.HeadWeight),
                targets,
                distribution,
                elements
            );
            if (!trains)
                return (values.Doubles(), []);
            model.zero_grad();
            values.sum().backward();
            return (values.Doubles(), [.. model.parameters().SelectMany(parameter => parameter.grad!.Doubles())]);
        }
    }

    [Fact]
    public void Identity_names_it_and_what_is_made_of_the_model_has_it()
    {
        using var model = TinyDecoders.Create("gpt2");
        var plain = ModuleFingerprint.Of(model);
        model.UseMixedPrecision();
        Assert.Equal("products is bfloat16, in the other missing", ModuleFingerprint.Of(model).Differences(plain).First());
        using var adapted = model.WithLora(new LoraOptions { Rank = 2 });
        using var merged = adapted.MergeLora();
        using var copy = model.FrozenCopy(() => TinyDecoders.Create("gpt2", seed: 2));
        Assert.All([adapted, merged, copy], made => Assert.True(made.MixedPrecision));
        Assert.Equal(ModuleFingerprint.Of(model), ModuleFingerprint.Of(copy));
    }

    [Fact]
    public void Frozen_copy_of_a_module_around_the_model_has_it_too()
    {
        using var around = new Around(TinyDecoders.Create("gpt2"));
        around.Inner.UseMixedPrecision();
        using var copy = around.FrozenCopy(() => new Around(TinyDecoders.Create("gpt2", seed: 2)));
        Assert.True(copy.Inner.MixedPrecision);
        Assert.Equal(ModuleFingerprint.Of(around), ModuleFingerprint.Of(copy));
    }

    [Fact]
    public void Adapters_train_in_float32_on_frozen_bfloat16_weights()
    {
        using var scope = NewDisposeScope();
        using var exact = TinyDecoders.Create("llama");
        foreach (var parameter in exact.parameters())
        {
            using var noGradient = no_grad();
            parameter.copy_(parameter.to(ScalarType.BFloat16)); // the very values that the others hold
        }

        using var narrow = exact.FrozenCopy(() => TinyDecoders.Create("llama"));
        narrow.to(ScalarType.BFloat16);
        double[] wide = exact.forward(Tokens()).Doubles(),
            whole = narrow.forward(Tokens()).Doubles();
        narrow.UseMixedPrecision();
        Assert.Equal(ScalarType.Float32, narrow.forward(Tokens()).dtype);
        double[] mixed = narrow.forward(Tokens()).Doubles();
        Assert.True(Distance(wide, mixed) < Distance(wide, whole)); // all but the products are float32
        using var adapted = narrow.WithLora(new LoraOptions { Rank = 2 });
        using var adam = new AdamW(adapted.LoraParameters(), learningRate: 0.01);
        adapted.forward(Tokens()).logsumexp(-1).sum().backward();
        adam.Step();
        Assert.NotEqual(mixed, adapted.forward(Tokens()).Doubles());
        Assert.All(adapted.LoraParameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.grad?.dtype ?? parameter.dtype));
    }

    [Fact]
    public void Weights_that_could_not_train_are_refused_by_name()
    {
        using var model = TinyDecoders.Create("gpt2");
        model.UseMixedPrecision();
        model.to(ScalarType.BFloat16);
        using (no_grad())
            model.forward(Tokens()).Dispose();
        Assert.Contains(
            "wte.weight",
            Assert.Throws<InvalidOperationException>(() => model.forward(Tokens())).Message,
            StringComparison.Ordinal
        );
        model.UseMixedPrecision(false);
        model.to(ScalarType.Float64);
        Assert.Contains(
            "Float64",
            Assert.Throws<InvalidOperationException>(() => model.UseMixedPrecision()).Message,
            StringComparison.Ordinal
        );
        string directory = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "gpt2");
        var options = new PretrainedOptions { MixedPrecision = true };
        Assert.Throws<ArgumentException>(() => PretrainedCausalLm.Load(directory, options with { ElementType = ScalarType.Float64 }));
        Assert.Contains(
            "MixedPrecision",
            Assert.Throws<ArgumentException>(() => PretrainedClassifier.Load(directory, options)).Message,
            StringComparison.Ordinal
        );
        using var narrow = PretrainedCausalLm.Load(directory, options with { ElementType = ScalarType.BFloat16 });
        Assert.Contains(
            "BFloat16",
            Assert.Throws<InvalidOperationException>(() => narrow.WithReference()).Message,
            StringComparison.Ordinal
        );
        using var adapters = narrow.WithReference(lora: new LoraOptions { Rank = 2 });
        Assert.True(adapters.Network.MixedPrecision);
    }

    [Fact]
    public void Policy_and_reference_are_both_of_mixed_precision_and_equal_at_the_start()
    {
        string directory = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "gpt2");
        // snippet: mixed
        using var model = PretrainedCausalLm.Load(directory, new PretrainedOptions { MixedPrecision = true });
        using var pair = model.WithReference(); // both have it: at the start their log-ratio is exactly 0
        // end snippet
        Assert.Equal(pair.Policy.Identity, pair.Reference.Identity);
        var drawn = pair.Policy.With(new GenerationOptions { MaxNewTokens = 8 }).Sample(["The film"], completionsPerPrompt: 2, seed: 1);
        Assert.Equal(pair.Policy.LogProbValues(drawn), pair.Reference.LogProbValues(drawn));
    }

    private sealed class Around : nn.Module<Tensor, Tensor>
    {
        public Around(CausalTransformer inner)
            : base(nameof(Around))
        {
            Inner = inner;
            register_module("inner", inner);
        }

        public CausalTransformer Inner { get; }

        public override Tensor forward(Tensor tokens) => Inner.forward(tokens);
    }

    private static double Distance(double[] a, double[] b) => a.Zip(b, (x, y) => (x - y) * (x - y)).Sum();

    private static Tensor Tokens() => tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8 }, [2, 4]);

    private static (double[] Logits, double[] Gradient) Pass(CausalTransformer model)
    {
        model.zero_grad();
        var logits = model.forward(Tokens());
        Assert.Equal(ScalarType.Float32, logits.dtype);
        logits.log_softmax(-1).select(2, 5).sum().backward();
        return (logits.Doubles(), [.. model.parameters().SelectMany(parameter => parameter.grad!.Doubles())]);
    }
}
