using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.Transformers.Decoders;

[Trait("Tier", "fast")]
public sealed class DecoderConfigTests
{
    private const string Shape =
        """ "vocab_size":320,"hidden_size":48,"intermediate_size":112,"max_position_embeddings":128,"num_attention_heads":6,"num_hidden_layers":2 """;

    [Fact]
    public void What_transformers_takes_where_nothing_is_said_is_taken()
    {
        var llama = Llama("llama", "");
        Assert.Equal(
            (6, 8, 10_000.0, 1e-6, "silu", false),
            (llama.KeyValueHeads, llama.HeadSize, llama.Rotary.Theta, llama.RmsNormEpsilon, llama.Activation, llama.TiesEmbeddings)
        );
        Assert.Equal(4096, Llama("mistral", "\"num_key_value_heads\":2").SlidingWindow);
        Assert.Null(Llama("mistral", "\"num_key_value_heads\":2,\"sliding_window\":null").SlidingWindow);
        Assert.Equal(128, Llama("qwen3", "\"num_key_value_heads\":2").HeadSize);
        Assert.Null(Llama("qwen2", "\"num_key_value_heads\":2,\"sliding_window\":64,\"use_sliding_window\":false").SlidingWindow);
        var windowed = Llama(
            "qwen2",
            "\"num_key_value_heads\":2,\"sliding_window\":64,\"use_sliding_window\":true,\"max_window_layers\":1"
        );
        Assert.Equal((64, 1), (windowed.SlidingWindow, windowed.FirstWindowedLayer));
        Assert.Equal(windowed, LlamaConfig.FromJson(windowed.ToJson()));
        var neox = GptNeoXConfig.FromJson($$"""{"model_type":"gpt_neox",{{Shape}}}""");
        Assert.Equal(
            (0.25, 10_000.0, true, true, "gelu"),
            (neox.RotaryShare, neox.Rotary.Theta, neox.ParallelResidual, neox.AttentionBias, neox.Activation)
        );
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("pythia")]
    public void A_configuration_is_read_from_its_file_and_made_into_a_network(string name)
    {
        string file = Path.Combine(GoldenCase.FolderOf(name), "config.json");
        CausalTransformerConfig any = CausalTransformerConfig.Load(file);
        if (any is LlamaConfig)
        {
            var config = LlamaConfig.Load(file);
            Assert.Equal(any, config);
            Assert.Equal(
                (RotaryScaling.Llama3, 1.0, 4.0),
                (config.Rotary.Scaling, config.Rotary.LowFrequencyFactor, config.Rotary.HighFrequencyFactor)
            );
            using var network = new Llama(config, seed: 1);
            Assert.Equal(config, network.Config);
        }
        else
        {
            var config = GptNeoXConfig.Load(file);
            Assert.Equal(any, config);
            Assert.Equal((RotaryScaling.None, 1e-5), (config.Rotary.Scaling, config.LayerNormEpsilon));
            using var network = new GptNeoX(config, seed: 1);
            Assert.Equal(config, network.Config);
        }
    }

    [Fact]
    public void Both_layouts_of_the_rotary_settings_mean_the_same()
    {
        const string Scaling =
            "\"factor\":8.0,\"high_freq_factor\":4.0,\"low_freq_factor\":1.0,\"original_max_position_embeddings\":32,\"rope_type\":\"llama3\"";
        var four = Llama("llama", $"\"rope_theta\":500000.0,\"rope_scaling\":{{{Scaling}}},\"torch_dtype\":\"bfloat16\"");
        var five = Llama("llama", $"\"rope_parameters\":{{{Scaling},\"rope_theta\":500000.0}},\"dtype\":\"bfloat16\"");
        Assert.Equal(four, five);
        Assert.Equal(four, LlamaConfig.FromJson(four.ToJson()));
        var linear = Llama("llama", "\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0}");
        Assert.Equal((RotaryScaling.Linear, 2.0), (linear.Rotary.Scaling, linear.Rotary.Factor));
    }

    [Theory]
    [InlineData("llama", "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":4.0}", "rope_type is \"yarn\"")]
    [InlineData("llama", "\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":4.0}", "rope_type is \"dynamic\"")]
    [InlineData("llama", "\"rope_scaling\":{\"rope_type\":\"longrope\",\"factor\":4.0}", "rope_type is \"longrope\"")]
    [InlineData("llama", "\"rope_scaling\":{\"rope_type\":\"linear\"}", "factor is missing")]
    [InlineData("llama", "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":0}", "factor of the rotary scaling is 0")]
    [InlineData("llama", "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":2,\"beta_fast\":3}", "rope_scaling.beta_fast = 3")]
    [InlineData("llama", "\"rope_scaling\":{\"rope_type\":\"default\",\"type\":\"linear\",\"factor\":2}", "\"default\" and as \"linear\"")]
    [InlineData("llama", "\"rope_interleaved\":true", "rope_interleaved is true")]
    [InlineData("llama", "\"rope_theta\":1,\"rope_parameters\":{\"rope_theta\":2}", "rope_theta is given as 1 and as 2")]
    [InlineData("llama", "\"rope_scaling\":{\"type\":\"default\"},\"rope_parameters\":{\"rope_type\":\"default\"}", "two layouts")]
    [InlineData("llama", "\"rope_parameters\":{\"full_attention\":{\"rope_theta\":2}}", "rope_parameters.full_attention")]
    [InlineData("llama", "\"partial_rotary_factor\":0.5", "partial_rotary_factor is 0.5")]
    [InlineData("llama", "\"pretraining_tp\":2", "pretraining_tp is 2")]
    [InlineData("llama", "\"sliding_window\":16", "sliding_window is 16")]
    [InlineData("llama", "\"num_key_value_heads\":4", "multiple of num_key_value_heads, 4")]
    [InlineData("llama", "\"head_dim\":7", "head_dim is 7")]
    [InlineData("llama", "\"hidden_act\":\"xielu\"", "xielu")]
    [InlineData("llama", "\"quantization_config\":{\"bits\":4}", "quantization_config = {\"bits\":4}")]
    [InlineData("llama", "\"auto_map\":{\"AutoModel\":\"x.y\"}", "auto_map")]
    [InlineData("mistral", "\"num_key_value_heads\":2,\"attention_bias\":true", "attention_bias is true")]
    [InlineData("mistral", "\"num_key_value_heads\":2,\"mlp_bias\":true", "mlp_bias is true")]
    [InlineData("mistral", "\"sliding_window\":0,\"num_key_value_heads\":2", "sliding_window is 0")]
    [InlineData("mistral", "", "num_key_value_heads is missing")]
    [InlineData("qwen2", "\"num_key_value_heads\":2,\"use_mrope\":true", "use_mrope is true")]
    [InlineData("qwen2", "\"num_key_value_heads\":2,\"use_sliding_window\":true", "sliding_window is missing")]
    [InlineData(
        "qwen2",
        "\"num_key_value_heads\":2,\"layer_types\":[\"sliding_attention\",\"full_attention\"]",
        "full_attention behind sliding_attention"
    )]
    [InlineData(
        "qwen2",
        "\"num_key_value_heads\":2,\"layer_types\":[\"full_attention\",\"sliding_attention\"]",
        "use_sliding_window is false"
    )]
    [InlineData("qwen3", "\"num_key_value_heads\":2,\"layer_types\":[\"full_attention\"]", "list of 2 texts")]
    [InlineData(
        "qwen3",
        "\"num_key_value_heads\":2,\"layer_types\":[\"full_attention\",\"chunked_attention\"]",
        "full_attention or sliding_attention"
    )]
    [InlineData("gpt_neox", "\"rotary_pct\":0.5,\"partial_rotary_factor\":0.25", "0.5 and as 0.25")]
    [InlineData("gpt_neox", "\"rotary_emb_base\":100,\"rope_theta\":1000", "100 and as 1000")]
    [InlineData("gpt_neox", "\"rotary_pct\":0.4", "turns 3 of the 8")]
    [InlineData("gpt_neox", "\"rotary_pct\":1.5", "rotary_pct is 1.5")]
    [InlineData("gpt_neox", "\"sliding_window\":16", "sliding_window = 16")]
    [InlineData("gemma", "", "model_type is \"gemma\"")]
    public void Setting_that_would_give_wrong_numbers_is_refused_by_name(string type, string settings, string named)
    {
        string json = $$"""{"model_type":"{{type}}",{{Shape}}{{(settings.Length == 0 ? "" : ",")}}{{settings}}}""";
        var error = Assert.Throws<InvalidDataException>(() => CausalTransformerConfig.FromJson(json));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "gpt2",
        "\"n_positions\":64,\"n_embd\":48,\"n_layer\":2,\"n_head\":4,\"vocab_size\":9,\"_num_labels\":1,\"output_past\":true,\"_commit_hash\":null,\"torchscript\":true,\"task_specific_params\":{\"text-generation\":{\"do_sample\":true}}"
    )]
    [InlineData(
        "llama",
        Shape
            + ",\"is_llama_config\":true,\"rope_interleaved\":false,\"transformers.js_config\":{\"dtype\":\"q4\"},\"pad_token_id\":-1,\"tf_legacy_loss\":false,\"eos_token_id\":[1,2],\"bos_token_id\":null"
    )]
    public void Settings_of_the_hub_without_effect_are_passed_over(string type, string settings) =>
        Assert.Equal(type, CausalTransformerConfig.FromJson($$"""{"model_type":"{{type}}",{{settings}}}""").ModelType);

    [Fact]
    public void File_is_named_in_the_error()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "{}");
        Assert.Contains(
            path,
            Assert.Throws<InvalidDataException>(() => CausalTransformerConfig.Load(path)).Message,
            StringComparison.Ordinal
        );
        File.Delete(path);
    }

    private static LlamaConfig Llama(string type, string settings) =>
        Assert.IsType<LlamaConfig>(
            CausalTransformerConfig.FromJson($$"""{"model_type":"{{type}}",{{Shape}}{{(settings.Length == 0 ? "" : ",")}}{{settings}}}""")
        );
}
