using VariationalBoN.Internal;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>Policy and frozen reference of one directory: what trains, what is shared, what is freed.</summary>
[Collection("Leaks")]
[Trait("Tier", "torch")]
public sealed class PolicyWithReferenceTests : IDisposable
{
    private static readonly GenerationOptions s_generation = new() { MaxNewTokens = 4 };

    private readonly string _folder = Directory.CreateTempSubdirectory("pair").FullName;

    public static TheoryData<bool> Adapters => [true, false];

    private string Target => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Reference_of_adapters_is_the_model_frozen_and_holds_no_weights_of_its_own()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2"));
        long start = LiveTensors.Settled();
        using var alone = model.Model.WithLora(new LoraOptions { Rank = 2 });
        long adapters = LiveTensors.Now - start;

        using var pair = model.WithReference(s_generation, new LoraOptions { Rank = 2 }, seed: 1);

        Assert.Equal(start + (2 * adapters), LiveTensors.Now); // the reference took none
        Assert.True(pair.HasAdapters);
        Assert.False(pair.Reference.IsTrainable);
        Assert.True(pair.Policy.IsTrainable);
        Assert.Equal(pair.Network.LoraParameters().Select(TensorMemory.Of), pair.Policy.Parameters.Select(TensorMemory.Of));
        var weights = model.Model.parameters().Select(TensorMemory.Of).ToHashSet();
        Assert.Equal(
            pair.Policy.Parameters.Count,
            pair.Network.parameters().Select(TensorMemory.Of).Count(memory => !weights.Contains(memory))
        );
        Assert.Equal(new CausalLmPolicy(model.Model, model.Tokenizer, s_generation).Identity, pair.Reference.Identity);
    }

    [Fact]
    public void Reference_of_a_model_that_trains_whole_is_a_frozen_copy()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2"));
        using var pair = model.WithReference(s_generation);
        Assert.False(pair.HasAdapters);
        Assert.Same(model.Model, pair.Network);
        Assert.False(pair.Reference.IsTrainable);
        Assert.Equal(model.Model.parameters().Select(TensorMemory.Of), pair.Policy.Parameters.Select(TensorMemory.Of));
        Assert.Equal(pair.Policy.Identity, pair.Reference.Identity);
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task Loop_moves_the_policy_alone_and_saves_it(bool adapters)
    {
        string directory = Golden("gpt2"),
            aligned = Target;
        LoraOptions? lora = adapters ? new LoraOptions { Rank = 2 } : null;
        var reward = RewardModel.FromFunction((_, text) => text.Length, "length of the text");
        // snippet: pair
        using var model = PretrainedCausalLm.Load(directory);
        using var pair = model.WithReference(new GenerationOptions { MaxNewTokens = 8, StopTokens = model.StopTokens }, lora, seed: 1);
        var scorer = new Scorer(pair.Reference, reward); // frozen
        using var adam = new AdamW(pair.Policy.Parameters, learningRate: 1e-3); // the adapters, or all weights
        // end snippet
        ModelIdentity before = pair.Reference.Identity;
        var scored = await scorer.ScoreAsync(pair.Policy.Sample(["The film", "A story"], completionsPerPrompt: 4, seed: 2));
        using (NewDisposeScope())
        {
            var loss = ScoreFunction.Loss(pair.Policy.LogProb(scored), new GibbsObjective(beta: 0.5).LogTargets(scored), scored.Groups);
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }

        Assert.Equal(before, pair.Reference.Identity);
        double[] policy = pair.Policy.LogProbValues(scored.Completions),
            reference = pair.Reference.LogProbValues(scored.Completions);
        Assert.Contains(policy.Zip(reference), values => Math.Abs(values.First - values.Second) > 1e-4);
        // snippet: pair-save
        pair.Save(aligned); // adapters merged into the weights
        // end snippet
        using var again = PretrainedCausalLm.Load(aligned);
        double[] loaded = new CausalLmPolicy(again.Model, again.Tokenizer, pair.Policy.Options).LogProbValues(scored.Completions);
        Assert.All(policy.Zip(loaded), values => Assert.Equal(values.First, values.Second, 1e-4));
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public void Nothing_is_left_after_the_pair_and_the_model_goes_on(bool adapters)
    {
        using var model = PretrainedCausalLm.Load(Golden("llama2"));
        LoraOptions? lora = adapters ? new LoraOptions { Rank = 2 } : null;
        long before = LiveTensors.Settled();
        int made;
        using (NewDisposeScope())
        using (var pair = model.WithReference(s_generation, lora))
        {
            made = (adapters ? pair.Network : model.Model).parameters().Count();
            Assert.Equal(before + (2 * made), LiveTensors.Now);
        }

        Assert.Equal(before + made, LiveTensors.Now); // TorchSharp counts a tensor that becomes a parameter as alive for ever
        Assert.Single(new CausalLmPolicy(model.Model, model.Tokenizer, s_generation).Sample(["A text"], 1, seed: 1));
    }

    [Fact]
    public void Model_cannot_be_reference_and_train()
    {
        using (var model = PretrainedCausalLm.Load(Golden("gpt2")))
        {
            using var adapted = model.WithReference(s_generation, new LoraOptions());
            using var second = model.WithReference(s_generation, new LoraOptions(), seed: 2); // shares the reference
            Assert.Contains(
                "frozen",
                Assert.Throws<InvalidOperationException>(() => model.WithReference(s_generation)).Message,
                StringComparison.Ordinal
            );
        }

        using (var model = PretrainedCausalLm.Load(Golden("gpt2")))
        {
            using var whole = model.WithReference(s_generation);
            Assert.Contains(
                "the policy of an earlier call",
                Assert.Throws<InvalidOperationException>(() => model.WithReference(s_generation, new LoraOptions())).Message,
                StringComparison.Ordinal
            );
            Assert.True(whole.Policy.IsTrainable);
        }
    }

    [Fact]
    public void Faulty_arguments_leave_the_model_as_it_is()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2"));
        long before = LiveTensors.Settled();
        Assert.Throws<ArgumentException>(() => model.WithReference(new GenerationOptions { MaxNewTokens = 0 }));
        Assert.Throws<ArgumentException>(() => model.WithReference(s_generation, new LoraOptions { Rank = 0 }));
        Assert.Equal(before, LiveTensors.Now);
        Assert.Throws<ArgumentException>(() => model.WithReference(s_generation, new LoraOptions { TargetModules = ["nothing"] }));
        // TorchSharp counts a tensor that becomes a parameter as alive for ever
        Assert.Equal(before + model.Model.parameters().Count(), LiveTensors.Now);
        Assert.All(model.Model.parameters(), parameter => Assert.True(parameter.requires_grad));
        using var pair = model.WithReference();
        Assert.Equal<int>(model.StopTokens, pair.Policy.Options.StopTokens);
    }

    [Fact]
    public void Directory_without_a_tokenizer_is_refused()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2-bf16"));
        Assert.Contains(
            "tokenizer.json",
            Assert.Throws<InvalidOperationException>(() => model.WithReference()).Message,
            StringComparison.Ordinal
        );
    }

    private static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);
}
