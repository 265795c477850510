using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Tests.Transformers.Lora;

[Trait("Tier", "fast")]
public sealed class LoraOptionsTests
{
    private const string Head = """ "peft_type":"LORA","target_modules":["c_attn"] """;

    [Theory]
    [InlineData("transformer.h.0.attn.c_attn", true)]
    [InlineData("c_attn", true)]
    [InlineData("transformer.h.0.attn.xc_attn", false)]
    [InlineData("transformer.h.0.attn.c_attn.inner", false)]
    public void List_of_targets_means_the_ends_of_names(string layer, bool chosen) =>
        Assert.Equal(chosen, new LoraOptions { TargetModules = ["c_attn", "mlp.c_fc"] }.Chooses(layer));

    [Theory]
    [InlineData("model.layers.1.self_attn.q_proj", true)]
    [InlineData("model.layers.2.self_attn.q_proj", false)]
    [InlineData("x.model.layers.1.self_attn.q_proj", false)]
    public void Text_as_target_means_an_expression_for_the_whole_name(string layer, bool chosen) =>
        Assert.Equal(chosen, new LoraOptions { TargetPattern = @"model\.layers\.[01]\.self_attn\.(q|v)_proj" }.Chooses(layer));

    [Fact]
    public void Ranks_and_alphas_of_single_layers_and_rank_stabilisation_are_honoured()
    {
        var options = LoraOptions.FromJson(
            $$"""{ {{Head}},"r":4,"lora_alpha":8,"rank_pattern":{"h.0.*c_attn":2,"c_attn":16},"alpha_pattern":{"h\\.1\\.attn\\.c_attn":32} }"""
        );
        Assert.Equal([new("h\\.1\\.attn\\.c_attn", 32)], options.AlphaPattern.AsEnumerable());
        Assert.Equal((2, 4.0), options.For("transformer.h.0.attn.c_attn"));
        Assert.Equal((16, 2.0), options.For("transformer.h.1.attn.c_attn"));
        Assert.Equal((4, 2.0), options.For("transformer.h.1.attn.c_proj"));
        Assert.Equal((16, 8.0), (options with { RankStabilized = true }).For("transformer.h.1.attn.c_attn"));
        Assert.Equal(options.ToJson(), LoraOptions.FromJson(options.ToJson()).ToJson());
    }

    [Fact]
    public void Nothing_said_means_all_linear_layers()
    {
        Assert.True(new LoraOptions().Chooses("model.layers.0.mlp.up_proj"));
        Assert.Equal(LoraOptions.AllLinear, LoraOptions.FromJson(new LoraOptions().ToJson()).TargetPattern);
    }

    [Theory]
    [InlineData("\"use_dora\":true", "use_dora = true")]
    [InlineData("\"bias\":\"all\"", "bias is \"all\"")]
    [InlineData("\"modules_to_save\":[\"lm_head\"]", "modules_to_save")]
    [InlineData("\"layers_to_transform\":[0]", "layers_to_transform")]
    [InlineData("\"exclude_modules\":\"c_fc\"", "exclude_modules")]
    [InlineData("\"trainable_token_indices\":[3]", "trainable_token_indices")]
    [InlineData("\"lora_bias\":true", "lora_bias")]
    [InlineData("\"target_parameters\":[\"x\"]", "target_parameters")]
    [InlineData("\"layer_replication\":[[0,1]]", "layer_replication")]
    [InlineData("\"task_type\":\"SEQ_CLS\"", "task_type is \"SEQ_CLS\"")]
    [InlineData("\"init_lora_weights\":\"pissa\"", "pissa")]
    [InlineData("\"some_later_method\":{\"a\":1}", "some_later_method")]
    [InlineData("\"r\":0", "rank r is 0")]
    [InlineData("\"lora_alpha\":-1", "alpha lora_alpha is -1")]
    [InlineData("\"rank_pattern\":{\"(\":2}", "'(' is no regular expression")]
    [InlineData("\"rank_pattern\":{\"a\":\"b\"}", "rank_pattern must be")]
    public void Setting_that_would_give_wrong_numbers_is_refused_by_name(string setting, string named) =>
        Assert.Contains(
            named,
            Assert.Throws<InvalidDataException>(() => LoraOptions.FromJson($"{{{Head},{setting}}}")).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("""{"target_modules":["a"]}""", "peft_type is missing")]
    [InlineData("""{"peft_type":"IA3","target_modules":["a"]}""", "peft_type is \"IA3\"")]
    [InlineData("""{"peft_type":"LORA"}""", "target_modules is missing")]
    [InlineData("""{"peft_type":"LORA","target_modules":[]}""", "target_modules is []")]
    [InlineData("""{"peft_type":"LORA","target_modules":[1]}""", "target_modules is [1]")]
    public void What_is_no_LoRA_configuration_is_refused(string json, string named) =>
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => LoraOptions.FromJson(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_file_of_an_adapter_is_read_as_its_text()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "lora-gpt2", "adapter_config.json");

        var options = LoraOptions.Load(file);

        Assert.Equal(LoraOptions.FromJson(File.ReadAllText(file)).ToJson(), options.ToJson());
        Assert.Contains(
            "missing.json",
            Assert.ThrowsAny<IOException>(() => LoraOptions.Load("missing.json")).Message,
            StringComparison.Ordinal
        );
    }
}
