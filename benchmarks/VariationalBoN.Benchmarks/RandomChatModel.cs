using System.Text;
using System.Text.Json.Nodes;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// A Hugging Face directory of a Llama with random weights in bfloat16, a byte-pair tokenizer whose words are made of syllables, and a chat
/// template; and conversations to ask it. Stateless.
/// </summary>
internal static class RandomChatModel
{
    private const string TurnStart = "<|im_start|>",
        TurnEnd = "<|im_end|>",
        EndOfText = "<|endoftext|>";
    private const string Template =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private static readonly string[] s_special = [EndOfText, TurnStart, TurnEnd];

    /// <summary>0.51 billion weights; or, to try the path, 4 million.</summary>
    /// <param name="small">Whether it is the small one.</param>
    internal static LlamaConfig Shape(bool small) =>
        new()
        {
            VocabularySize = small ? 2_048 : 32_000,
            MaxLength = 1024,
            Width = small ? 256 : 1280,
            Layers = small ? 4 : 20,
            Heads = small ? 4 : 20,
            KeyValueHeads = small ? 2 : 4,
            HeadSize = 64,
            InnerWidth = small ? 1024 : 5120,
            TiesEmbeddings = true,
        };

    /// <summary>Writes the directory by the library's own writer.</summary>
    /// <param name="directory">A new directory.</param>
    /// <param name="shape">The shape.</param>
    internal static void Write(string directory, LlamaConfig shape)
    {
        string tokenizer = $"{directory}-tokenizer";
        Directory.CreateDirectory(tokenizer);
        WriteTokenizer(tokenizer, shape.VocabularySize);
        using (var model = PretrainedCausalLm.Create(shape, seed: 1, tokenizer))
            model.Save(directory, ScalarType.BFloat16);
        int end = shape.VocabularySize - 1;
        WriteJson(Path.Combine(directory, "generation_config.json"), new JsonObject { ["eos_token_id"] = end });
        Directory.Delete(tokenizer, recursive: true);
    }

    /// <summary>Writes conversations of a system's and a user's message, one a line, in the column "messages".</summary>
    /// <param name="path">Path of a JSONL file.</param>
    /// <param name="count">How many.</param>
    internal static void WriteConversations(string path, int count) =>
        File.WriteAllLines(
            path,
            Enumerable
                .Range(1, count)
                .Select(i =>
                    new JsonObject
                    {
                        ["messages"] = new JsonArray(
                            Message("system", "Answer in one paragraph."),
                            Message("user", $"Describe the city number {i} and its river.")
                        ),
                    }.ToJsonString()
                )
        );

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    /// <summary>The bytes, then merges: syllables of a consonant and a vowel,
    /// a space before them, and words of two and three syllables.</summary>
    private static void WriteTokenizer(string directory, int size)
    {
        string[] bytes = Bytes();
        string space = bytes[' '];
        int count = size - bytes.Length - s_special.Length;
        (string Left, string Right)[] merges = [.. Merges(space).DistinctBy(merge => merge.Left + merge.Right).Take(count)];
        if (merges.Length < count)
            throw new InvalidOperationException($"There are {merges.Length} merges for a vocabulary of {size}.");
        string[] tokens = [.. bytes, .. merges.Select(merge => merge.Left + merge.Right), .. s_special];
        WriteJson(
            Path.Combine(directory, "vocab.json"),
            new JsonObject(tokens.Index().Select(entry => KeyValuePair.Create(entry.Item, (JsonNode?)entry.Index)))
        );
        File.WriteAllLines(
            Path.Combine(directory, "merges.txt"),
            ["#version: 0.2", .. merges.Select(merge => $"{merge.Left} {merge.Right}")]
        );
        WriteJson(
            Path.Combine(directory, "tokenizer_config.json"),
            new JsonObject
            {
                ["tokenizer_class"] = "GPT2Tokenizer",
                ["add_prefix_space"] = false,
                ["bos_token"] = EndOfText,
                ["eos_token"] = TurnEnd,
                ["unk_token"] = EndOfText,
                ["chat_template"] = Template,
                ["added_tokens_decoder"] = new JsonObject(
                    s_special.Select(
                        (token, i) =>
                            KeyValuePair.Create(
                                $"{size - s_special.Length + i}",
                                (JsonNode?)
                                    new JsonObject
                                    {
                                        ["content"] = token,
                                        ["lstrip"] = false,
                                        ["normalized"] = false,
                                        ["rstrip"] = false,
                                        ["single_word"] = false,
                                        ["special"] = true,
                                    }
                            )
                    )
                ),
            }
        );
    }

    private static IEnumerable<(string Left, string Right)> Merges(string space)
    {
        string[] syllables = [.. "bcdfghjklmnpqrstvwxyz".SelectMany(consonant => "aeiou".Select(vowel => $"{consonant}{vowel}"))];
        foreach (string syllable in syllables)
            yield return (syllable[..1], syllable[1..]);
        foreach (string syllable in syllables)
            yield return (space, syllable);
        foreach (string first in syllables)
        {
            foreach (string second in syllables)
                yield return (space + first, second);
        }

        foreach (string first in syllables)
        {
            foreach (string second in syllables)
            {
                foreach (string third in syllables[..2])
                    yield return (space + first + second, third);
            }
        }
    }

    /// <summary>GPT-2's characters for bytes: printable Latin-1 stands for itself, the others follow from U+0100 on.</summary>
    private static string[] Bytes()
    {
        int next = 256;
        return
        [
            .. Enumerable
                .Range(0, 256)
                .Select(b => ((char)(b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? b : next++)).ToString()),
        ];
    }

    private static void WriteJson(string path, JsonObject content) =>
        File.WriteAllText(path, content.ToJsonString(), new UTF8Encoding(false));
}
