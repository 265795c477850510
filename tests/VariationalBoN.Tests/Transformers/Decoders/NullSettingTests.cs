using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>JSON null is Python's None: what None means there, or refused by name; never the default.</summary>
[Trait("Tier", "fast")]
public sealed class NullSettingTests
{
    private const string Gpt2 = """{"model_type":"gpt2","vocab_size":9,"n_positions":8,"n_embd":8,"n_layer":1,"n_head":2}""";
    private const string NeoX =
        """{"model_type":"gpt_neox","vocab_size":9,"max_position_embeddings":8,"hidden_size":16,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":8}""";
    private const string Llama =
        """{"model_type":"llama","vocab_size":9,"max_position_embeddings":8,"hidden_size":16,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":8}""";
    private const string Bert =
        """{"model_type":"bert","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":8}""";
    private const string DistilBert = """{"model_type":"distilbert","vocab_size":9,"dim":8,"n_layers":1,"n_heads":2,"hidden_dim":8}""";
    private const string Adapter = """{"peft_type":"LORA","target_modules":["c_attn"]}""";

    [Fact]
    public void Switch_that_is_null_is_off()
    {
        var neoX = GptNeoXConfig.FromJson(
            With(NeoX, "\"use_parallel_residual\":null,\"attention_bias\":null,\"tie_word_embeddings\":null")
        );
        Assert.Equal((false, false, false), (neoX.ParallelResidual, neoX.AttentionBias, neoX.TiesEmbeddings));
        var absent = GptNeoXConfig.FromJson(NeoX);
        Assert.Equal((true, true, false), (absent.ParallelResidual, absent.AttentionBias, absent.TiesEmbeddings));
        Assert.Equal(
            (false, true),
            (Gpt2Config.FromJson(With(Gpt2, "\"tie_word_embeddings\":null")).TiesEmbeddings, Gpt2Config.FromJson(Gpt2).TiesEmbeddings)
        );
        var llama = LlamaConfig.FromJson(
            With(
                Llama,
                "\"tie_word_embeddings\":null,\"attention_bias\":null,\"mlp_bias\":null,\"num_key_value_heads\":null,\"head_dim\":null,\"rope_scaling\":null"
            )
        );
        Assert.Equal(
            (false, false, false, 2, 8),
            (llama.TiesEmbeddings, llama.AttentionBias, llama.MlpBias, llama.KeyValueHeads, llama.HeadSize)
        );
    }

    [Theory]
    [InlineData(Gpt2, "scale_attn_weights")]
    [InlineData(Gpt2, "activation_function")]
    [InlineData(Gpt2, "layer_norm_epsilon")]
    [InlineData(NeoX, "hidden_act")]
    [InlineData(NeoX, "layer_norm_eps")]
    [InlineData(NeoX, "rotary_pct")]
    [InlineData(NeoX, "partial_rotary_factor")]
    [InlineData(NeoX, "rotary_emb_base")]
    [InlineData(NeoX, "rope_theta")]
    [InlineData(Llama, "hidden_act")]
    [InlineData(Llama, "rms_norm_eps")]
    [InlineData(Llama, "rope_theta")]
    public void Setting_of_a_decoder_that_is_null_is_refused_by_name(string json, string key)
    {
        Assert.NotNull(CausalTransformerConfig.FromJson(json));
        var error = Assert.Throws<InvalidDataException>(() => CausalTransformerConfig.FromJson(With(json, $"\"{key}\":null")));
        Assert.Contains($"{key} is null", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qwen3", "head_dim", "")]
    [InlineData("qwen2", "head_dim", "")]
    [InlineData("qwen2", "max_window_layers", ",\"use_sliding_window\":true,\"sliding_window\":4")]
    public void Setting_of_qwen_that_is_null_is_refused_by_name(string family, string key, string others)
    {
        string json = With(Llama.Replace("llama", family, StringComparison.Ordinal), "\"num_key_value_heads\":2" + others);
        Assert.NotNull(CausalTransformerConfig.FromJson(json));
        Assert.Contains(
            $"{key} is null",
            Assert.Throws<InvalidDataException>(() => CausalTransformerConfig.FromJson(With(json, $"\"{key}\":null"))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("hidden_act")]
    [InlineData("layer_norm_eps")]
    [InlineData("type_vocab_size")]
    [InlineData("max_position_embeddings")]
    [InlineData("position_embedding_type")]
    [InlineData("num_labels")]
    public void Setting_of_bert_that_is_null_is_refused_by_name(string key) =>
        Assert.Contains(
            $"{key} is null",
            Assert.Throws<InvalidDataException>(() => BertClassifierConfig.FromJson(With(Bert, $"\"{key}\":null"))).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("activation")]
    [InlineData("max_position_embeddings")]
    public void Setting_of_distilbert_that_is_null_is_refused_by_name(string key) =>
        Assert.Contains(
            $"{key} is null",
            Assert.Throws<InvalidDataException>(() => DistilBertClassifierConfig.FromJson(With(DistilBert, $"\"{key}\":null"))).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("r")]
    [InlineData("lora_alpha")]
    [InlineData("bias")]
    [InlineData("rank_pattern")]
    [InlineData("alpha_pattern")]
    public void Setting_of_an_adapter_that_is_null_is_refused_by_name(string key)
    {
        Assert.False(LoraOptions.FromJson(With(Adapter, "\"use_rslora\":null,\"task_type\":null,\"modules_to_save\":null")).RankStabilized);
        Assert.Contains(
            $"{key} is null",
            Assert.Throws<InvalidDataException>(() => LoraOptions.FromJson(With(Adapter, $"\"{key}\":null"))).Message,
            StringComparison.Ordinal
        );
    }

    /// <summary>Refusals name the setting, with the place that it stands in.</summary>
    [Theory]
    [InlineData(Llama, "\"rope_scaling\":{\"rope_type\":\"linear\"}", "the key rope_scaling.factor is missing")]
    [InlineData(Llama, "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":null}", "the key rope_scaling.factor is null")]
    [InlineData(Llama, "\"rope_parameters\":{\"rope_type\":\"llama3\",\"factor\":8}", "the key rope_parameters.low_freq_factor is missing")]
    [InlineData(Llama, "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":8}", "rope_scaling.rope_type is \"yarn\"")]
    [InlineData(Llama, "\"rope_scaling\":{\"rope_type\":null}", "rope_scaling.rope_type is null")]
    [InlineData(Llama, "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":\"2\"}", "rope_scaling.factor is \"2\"")]
    [InlineData(Llama, "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":2,\"beta\":1}", "rope_scaling.beta = 1")]
    [InlineData(
        Llama,
        "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":0}",
        "the factor of the rotary scaling is 0, it must be above 0 (rope_scaling.factor)"
    )]
    [InlineData(
        Llama,
        "\"rope_theta\":10000,\"rope_parameters\":{\"rope_theta\":500000}",
        "(rope_theta = 10000, rope_parameters.rope_theta = 500000)"
    )]
    [InlineData(NeoX, "\"rotary_emb_base\":10000,\"rope_theta\":500000", "(rotary_emb_base = 10000, rope_theta = 500000)")]
    public void Refusal_names_the_setting_and_its_place(string json, string setting, string named) =>
        Assert.Contains(
            named,
            Assert.Throws<InvalidDataException>(() => CausalTransformerConfig.FromJson(With(json, setting))).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("\"id2label\":{\"0\":\"neg\",\"1\":\"pos\"},\"label2id\":{\"neg\":1,\"pos\":0}", "label2id has \"neg\" as 1")]
    [InlineData("\"id2label\":{\"0\":\"neg\",\"1\":\"pos\"},\"label2id\":{\"LABEL_0\":0,\"LABEL_1\":1}", "label2id has \"LABEL_0\" as 0")]
    [InlineData("\"id2label\":{\"0\":\"neg\",\"1\":\"pos\"},\"label2id\":{\"neg\":2}", "label2id has \"neg\" as 2")]
    [InlineData("\"label2id\":{\"neg\":0,\"pos\":1}", "label2id has \"neg\" as 0")]
    [InlineData("\"label2id\":[]", "label2id is not an object")]
    public void Labels_that_contradict_each_other_are_refused(string setting, string named) =>
        Assert.Contains(
            named,
            Assert.Throws<InvalidDataException>(() => BertClassifierConfig.FromJson(With(Bert, setting))).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("\"id2label\":{\"0\":\"neg\",\"1\":\"pos\"},\"label2id\":{\"neg\":0,\"pos\":\"1\"}")]
    [InlineData("\"id2label\":{\"0\":\"neg\",\"1\":\"pos\"},\"label2id\":null")]
    [InlineData("\"id2label\":null,\"label2id\":{\"LABEL_0\":0,\"LABEL_1\":1}")]
    public void Labels_that_agree_are_read(string setting) =>
        Assert.Equal(2, BertClassifierConfig.FromJson(With(Bert, setting)).Labels.Length);

    private static string With(string json, string setting) => json[..^1] + "," + setting + "}";
}
