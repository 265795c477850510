using VariationalBoN.Tests.Policies;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Lora;

[Trait("Tier", "torch")]
public sealed class LoraTests
{
    private static readonly Completion[] Completions = [Drawn([1, 2], [3, 4, 5]), Drawn([6], [7, 8]), Drawn([9, 10, 11], [12])];

    public static TheoryData<string> Families => [.. TinyDecoders.Configs.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Fresh_adapters_leave_every_logit_as_it_is_and_share_the_weights(string family)
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create(family);
        using var adapted = model.WithLora(new LoraOptions { Rank = 3 }, seed: 4);
        var tokens = tensor(new long[] { 1, 2, 3, 4, 5, 6 }, [2, 3]);
        Assert.Equal(Bytes(model.forward(tokens)), Bytes(adapted.forward(tokens)));
        Assert.Equal(adapted.LoraParameters().Count, adapted.parameters().Count(p => p.requires_grad));
        Assert.All(
            adapted.named_modules().Where(pair => pair.module is Projection),
            pair => Assert.NotNull(((Projection)pair.module).Adapter)
        );
        using (no_grad())
        {
            using TorchSharp.Scalar half = 0.5f;
            model.parameters().First().fill_(half);
        }

        Assert.Equal(0.5f, adapted.parameters().First().data<float>()[0]);
        model.Dispose();
        adapted.forward(tokens);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("pythia")]
    [InlineData("qwen2")]
    public void Training_moves_the_adapters_alone_and_lowers_the_loss(string family)
    {
        using var model = TinyDecoders.Create(family);
        byte[] before = StateOf(model);
        var tokenizer = new NumberTokenizer(TinyDecoders.Vocabulary);
        // snippet: train
        using var adapted = model.WithLora(new LoraOptions { Rank = 4, Alpha = 8 }, seed: 1);
        var policy = new CausalLmPolicy(adapted, tokenizer);
        var reference = new CausalLmPolicy(model, tokenizer); // the same weights, adapters off
        using var adam = new AdamW(adapted.LoraParameters(), learningRate: 0.01);
        // end snippet
        ModelIdentity identity = reference.Identity;
        double first = policy.LogProbValues(Completions).Sum();
        Assert.Equal(reference.LogProbValues(Completions).Sum(), first);
        for (int step = 0; step < 30; step++)
        {
            using var scope = NewDisposeScope();
            var loss = policy.LogProb(Completions).sum().neg();
            adapted.zero_grad();
            loss.backward();
            adam.Step();
        }

        Assert.True(policy.LogProbValues(Completions).Sum() > first + 1);
        Assert.Equal(first, reference.LogProbValues(Completions).Sum());
        Assert.Equal(before, StateOf(model));
        Assert.Equal(identity, ((IPolicy)reference).Identity);
        Assert.NotEqual(identity, ((IPolicy)policy).Identity);
        Assert.All(adapted.LoraParameters(), p => Assert.NotNull(p.grad));

        using var merged = adapted.MergeLora();
        double[] kept = policy.LogProbValues(Completions),
            plain = new CausalLmPolicy(merged, new NumberTokenizer(TinyDecoders.Vocabulary)).LogProbValues(Completions);
        for (int i = 0; i < kept.Length; i++)
            Assert.Equal(kept[i], plain[i], 1e-5);
        Assert.Equal(model.state_dict().Keys, merged.state_dict().Keys);
        Assert.All(merged.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void Saved_adapters_come_back_bit_for_bit()
    {
        string folder = Directory.CreateTempSubdirectory("lora").FullName,
            again = Path.Combine(folder, "again");
        using var model = TinyDecoders.Create("llama");
        using var adapted = model.WithLora(
            new LoraOptions
            {
                Rank = 2,
                TargetModules = ["q_proj", "mlp.down_proj"],
                RankPattern = [new("layers.1.*", 3)],
            },
            seed: 7
        );
        adapted.SaveLora(folder);
        using var loaded = model.LoadLora(folder);
        Assert.Equal(StateOf(adapted), StateOf(loaded));
        loaded.SaveLora(again);
        foreach (string file in new[] { "adapter_model.safetensors", "adapter_config.json" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder, file)), File.ReadAllBytes(Path.Combine(again, file)));
        Assert.Equal([3L, 16], loaded.state_dict()["layers.1.self_attn.q_proj.lora_A.weight"].shape);
        using var other = TinyDecoders.Create("qwen3");
        Assert.Contains("q_proj", Assert.Throws<InvalidDataException>(() => other.LoadLora(folder)).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(folder, "adapter_model.safetensors"));
        Assert.Contains(
            "adapter_model.bin",
            Assert.Throws<FileNotFoundException>(() => model.LoadLora(folder)).Message,
            StringComparison.Ordinal
        );
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("nothing", "end in c_attn, c_proj, c_fc")]
    [InlineData("lm_head", "lm_head")]
    [InlineData("wte", "transformer.wte")]
    [InlineData("ln_1", "transformer.h.0.ln_1")]
    [InlineData("attn", "transformer.h.0.attn")]
    public void Target_that_is_no_linear_layer_of_a_block_is_refused_by_name(string target, string named)
    {
        using var model = TinyDecoders.Create("gpt2 untied");
        Assert.Contains(
            named,
            Assert.Throws<ArgumentException>(() => model.WithLora(new LoraOptions { TargetModules = [target] })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Adapted_model_is_not_adapted_again_and_a_plain_one_has_no_adapters()
    {
        using var model = TinyDecoders.Create("gpt2");
        using var adapted = model.WithLora();
        Assert.Contains("adapters already", Assert.Throws<ArgumentException>(() => adapted.WithLora()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.MergeLora());
        Assert.Throws<ArgumentException>(() => model.SaveLora(Path.GetTempPath()));
        Assert.Throws<ArgumentException>(() => model.LoraParameters());
    }

    [Fact]
    public void Seed_fixes_the_adapters_within_their_bound()
    {
        using var model = TinyDecoders.Create("gpt2");
        using var one = model.WithLora(seed: 1);
        using var same = model.WithLora(seed: 1);
        using var other = model.WithLora(seed: 2);
        Assert.Equal(StateOf(one), StateOf(same));
        Assert.NotEqual(StateOf(one), StateOf(other));
        float[] a = one.state_dict()["h.0.attn.c_attn.lora_A.weight"].data<float>().ToArray();
        Assert.All(a, value => Assert.InRange(value, -0.25f, 0.25f)); // 1 / sqrt(16)
        Assert.InRange(a.Max(), 0.2f, 0.25f);
    }

    private static Completion Drawn(int[] prompt, int[] tokens) =>
        new()
        {
            Prompt = "",
            Text = "",
            PromptTokens = [.. prompt],
            Tokens = [.. tokens],
        };

    private static byte[] StateOf(CausalTransformer model) => [.. model.parameters().SelectMany(p => p.bytes.ToArray())];

    private static byte[] Bytes(Tensor values) => values.contiguous().bytes.ToArray();
}
