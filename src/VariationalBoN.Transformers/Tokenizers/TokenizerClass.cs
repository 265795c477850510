namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What a tokenizer's class in transformers adds to its files:
/// special tokens that need no mention, and what it overrides.</summary>
/// <param name="Name">The name without the ending Fast.</param>
/// <param name="Defaults">Named special tokens, such as <c>bos_token</c>, unless the settings say otherwise.</param>
/// <param name="RewritesFrame">Whether BOS and EOS are set by <c>add_bos_token</c> and
/// <c>add_eos_token</c> instead of the file's post-processor.</param>
/// <param name="AddsBos">What <c>add_bos_token</c> is when absent.</param>
/// <param name="MaskTakesSpace">Whether <c>mask_token</c> takes the white space before it wherever it is named by its text alone.</param>
/// <param name="Decoding">What the class does to a decoded text.</param>
internal sealed record TokenizerClass(
    string Name,
    Dictionary<string, string> Defaults,
    bool RewritesFrame = false,
    bool AddsBos = false,
    bool MaskTakesSpace = false,
    ClassDecoding Decoding = ClassDecoding.None
)
{
    private const string EndOfText = "<|endoftext|>";

    private static readonly string[] s_bert =
    [
        "BertTokenizer",
        "DistilBertTokenizer",
        "ElectraTokenizer",
        "MobileBertTokenizer",
        "ConvBertTokenizer",
        "SqueezeBertTokenizer",
    ];

    private static readonly TokenizerClass[] s_known =
    [
        new("PreTrainedTokenizer", []),
        new("TokenizersBackend", []),
        new("OLMoTokenizer", []),
        new("GPT2Tokenizer", Gpt2()),
        new("CodeGenTokenizer", Gpt2()),
        new("WhisperTokenizer", Gpt2(), Decoding: ClassDecoding.Whisper),
        new("GPTNeoXTokenizer", Gpt2(), RewritesFrame: true),
        new(
            "Qwen2Tokenizer",
            new()
            {
                ["eos_token"] = EndOfText,
                ["unk_token"] = EndOfText,
                ["pad_token"] = EndOfText,
            }
        ),
        new(
            "CLIPTokenizer",
            new()
            {
                ["bos_token"] = "<|startoftext|>",
                ["eos_token"] = EndOfText,
                ["unk_token"] = EndOfText,
                ["pad_token"] = EndOfText,
            },
            Decoding: ClassDecoding.Clip
        ),
        new(
            "LlamaTokenizer",
            new()
            {
                ["bos_token"] = "<s>",
                ["eos_token"] = "</s>",
                ["unk_token"] = "<unk>",
            },
            RewritesFrame: true,
            AddsBos: true
        ),
        new(
            "GemmaTokenizer",
            new()
            {
                ["bos_token"] = "<bos>",
                ["eos_token"] = "<eos>",
                ["unk_token"] = "<unk>",
                ["pad_token"] = "<pad>",
            },
            RewritesFrame: true,
            AddsBos: true
        ),
        new(
            "CohereTokenizer",
            new()
            {
                ["bos_token"] = "<BOS_TOKEN>",
                ["eos_token"] = "<|END_OF_TURN_TOKEN|>",
                ["unk_token"] = "<UNK>",
            },
            RewritesFrame: true,
            AddsBos: true
        ),
        new(
            "BloomTokenizer",
            new()
            {
                ["bos_token"] = "<s>",
                ["eos_token"] = "</s>",
                ["unk_token"] = "<unk>",
                ["pad_token"] = "<pad>",
            }
        ),
        .. s_bert.Select(name => new TokenizerClass(name, Bert())),
        .. ((string[])["RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer", "MvpTokenizer"]).Select(
            name => new TokenizerClass(name, Roberta(), MaskTakesSpace: true)
        ),
        new("DebertaTokenizer", new(Bert()) { ["bos_token"] = "[CLS]", ["eos_token"] = "[SEP]" }, MaskTakesSpace: true),
    ];

    private static readonly Dictionary<string, string> s_classOfModel = new(StringComparer.Ordinal)
    {
        ["gpt2"] = "GPT2Tokenizer",
        ["gpt_neox"] = "GPTNeoXTokenizer",
        ["llama"] = "LlamaTokenizer",
        ["mistral"] = "LlamaTokenizer",
        ["qwen2"] = "Qwen2Tokenizer",
        ["qwen3"] = "Qwen2Tokenizer",
        ["bert"] = "BertTokenizer",
        ["distilbert"] = "DistilBertTokenizer",
        ["roberta"] = "RobertaTokenizer",
        ["gemma"] = "GemmaTokenizer",
        ["gemma2"] = "GemmaTokenizer",
        ["gemma3"] = "GemmaTokenizer",
        ["gemma3_text"] = "GemmaTokenizer",
        ["cohere"] = "CohereTokenizer",
        ["phi"] = "CodeGenTokenizer",
        ["codegen"] = "CodeGenTokenizer",
        ["olmo"] = "GPTNeoXTokenizer",
        ["stablelm"] = "GPTNeoXTokenizer",
        ["bloom"] = "BloomTokenizer",
        ["whisper"] = "WhisperTokenizer",
        ["clip"] = "CLIPTokenizer",
        ["electra"] = "ElectraTokenizer",
        ["bart"] = "BartTokenizer",
        ["longformer"] = "LongformerTokenizer",
        ["deberta"] = "DebertaTokenizer",
        ["opt"] = "GPT2Tokenizer",
        ["gpt_neo"] = "GPT2Tokenizer",
        ["gptj"] = "GPT2Tokenizer",
        ["gpt_bigcode"] = "GPT2Tokenizer",
        ["starcoder2"] = "GPT2Tokenizer",
        ["granite"] = "GPT2Tokenizer",
        ["mpt"] = "GPTNeoXTokenizer",
        ["olmo2"] = "GPTNeoXTokenizer",
        ["mixtral"] = "LlamaTokenizer",
        ["qwen2_moe"] = "Qwen2Tokenizer",
        ["qwen3_moe"] = "Qwen2Tokenizer",
    };

    /// <summary>Whether the settings of the class override a BertNormalizer of the file.</summary>
    internal bool IsBert => s_bert.Contains(Name);

    /// <summary>The class that the settings, the model's configuration or the files at hand imply, in this order.</summary>
    /// <exception cref="InvalidDataException">The class is named and unknown.</exception>
    internal static TokenizerClass Of(TokenizerFiles files, JsonSection? settings)
    {
        if (settings?.TextOrNull("tokenizer_class") is string named)
            return Named(named)
                ?? throw settings.Fault(
                    "tokenizer_class",
                    $"is \"{named}\"; supported: {string.Join(", ", s_known.Select(known => known.Name))}, each also with the ending Fast"
                );
        if (files.Json("config.json") is JsonSection config)
        {
            if (config.TextOrNull("tokenizer_class") is string ofModel)
                return Named(ofModel)
                    ?? throw config.Fault(
                        "tokenizer_class",
                        $"is \"{ofModel}\"; supported: {string.Join(", ", s_known.Select(known => known.Name))}"
                    );
            if (config.TextOrNull("model_type") is string model && s_classOfModel.TryGetValue(model, out string? name))
                return Named(name)!;
        }

        return Named(
            files.Bytes("tokenizer.json") is not null ? "PreTrainedTokenizer"
            : files.Bytes("tokenizer.model") is not null ? "LlamaTokenizer"
            : files.Bytes("vocab.txt") is not null ? "BertTokenizer"
            : "GPT2Tokenizer"
        )!;
    }

    private static TokenizerClass? Named(string name) =>
        Array.Find(s_known, known => known.Name == (name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name));

    private static Dictionary<string, string> Gpt2() =>
        new()
        {
            ["bos_token"] = EndOfText,
            ["eos_token"] = EndOfText,
            ["unk_token"] = EndOfText,
        };

    private static Dictionary<string, string> Roberta() =>
        new()
        {
            ["bos_token"] = "<s>",
            ["eos_token"] = "</s>",
            ["unk_token"] = "<unk>",
            ["sep_token"] = "</s>",
            ["cls_token"] = "<s>",
            ["pad_token"] = "<pad>",
            ["mask_token"] = "<mask>",
        };

    private static Dictionary<string, string> Bert() =>
        new()
        {
            ["unk_token"] = "[UNK]",
            ["sep_token"] = "[SEP]",
            ["pad_token"] = "[PAD]",
            ["cls_token"] = "[CLS]",
            ["mask_token"] = "[MASK]",
        };
}
