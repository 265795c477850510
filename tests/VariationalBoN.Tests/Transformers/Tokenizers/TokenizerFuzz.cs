using System.Globalization;
using System.Text;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>Damages the files of small tokenizers and holds the loader to its contract.</summary>
internal sealed class TokenizerFuzz
{
    private const long FixedAllocation = 4_000_000;
    private const long AllocationPerByte = 1000;
    private const long EncodeAllocation = 256_000_000; // a normaliser may grow a text to 100 000 characters, several times over

    private static readonly string[] s_words =
    [
        "null",
        "true",
        "false",
        "-1",
        "0",
        "1",
        "2147483647",
        "2147483648",
        "1e999",
        "\"\"",
        "\"a\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "[]",
        "{}",
        "[[[[[[[[",
        "{\"a\":",
        "\"\uFFFD\"",
        "\"BPE\"",
        "\"WordPiece\"",
        "\"WordLevel\"",
        "\"Sequence\"",
        "\"ByteLevel\"",
        "\"Metaspace\"",
        "\"Split\"",
        "\"Replace\"",
        "\"(a+)+b\"",
        "\"((a{60}){60}){60}\"",
        "\"[\"",
        "\"\\\\p{\"",
        "\"(?:a|b)*c\"",
        "\"Removed\"",
        "\"GPT2Tokenizer\"",
        "\"LlamaTokenizer\"",
        "\"BertTokenizer\"",
        "\"Qwen2Tokenizer\"",
    ];

    private static readonly string[] s_texts =
    [
        "",
        "a b",
        "abc <s> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "é你😀 \ud800 'ſ\u0301\uFFFE",
        "  \n\t 12-3. a,b! [CLS]",
    ];

    private readonly Random _random;
    private readonly Dictionary<string, byte[]>[] _seeds = [.. Seeds()];

    internal TokenizerFuzz(int seed) => _random = new Random(seed);

    /// <summary>Runs one input; the message of what broke, null when nothing did.</summary>
    internal string? Run()
    {
        // the SentencePiece file is large: seldom
        var files = new Dictionary<string, byte[]>(_seeds[_random.Next(20) == 0 ? ^1 : _random.Next(_seeds.Length - 1)]);
        string name = files.Keys.ElementAt(_random.Next(files.Count));
        for (int rounds = _random.Next(1, 5); rounds > 0; rounds--)
            files[name] = Damage(files[name]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var tokenizer = HuggingFaceTokenizer.Load(new TokenizerFiles("fuzzed", files.GetValueOrDefault), 1000);
            long loaded = GC.GetAllocatedBytesForCurrentThread() - before;
            long most = FixedAllocation + AllocationPerByte * files.Values.Sum(bytes => (long)bytes.Length);
            return loaded > most ? Report($"loading allocated {loaded} bytes, more than {most}", name, files)
                : Use(tokenizer) is string fault ? Report(fault, name, files)
                : null;
        }
        catch (InvalidDataException e) when (e.Message.Contains("fuzzed", StringComparison.Ordinal))
        {
            return null;
        }
        catch (Exception e)
        {
            return Report(e.ToString(), name, files);
        }
    }

    /// <summary>Encodes and decodes: ids of the vocabulary, or the error that the documentation names.</summary>
    private static string? Use(HuggingFaceTokenizer tokenizer)
    {
        foreach (string text in s_texts)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var ids = tokenizer.Encode(text);
                if (ids.Any(id => id < 0 || id >= tokenizer.VocabularySize))
                    return $"ids outside the vocabulary: {string.Join(' ', ids)}";
                tokenizer.Decode(ids);
                tokenizer.Decode(ids, skipSpecial: false);
            }
            catch (InvalidOperationException e)
                when (e.GetType() == typeof(InvalidOperationException) && e.Message.Contains("okenizer", StringComparison.Ordinal)
                    || e.Message.Contains("logits", StringComparison.Ordinal)
                ) { }

            if (GC.GetAllocatedBytesForCurrentThread() - before is var used && used > EncodeAllocation)
                return $"encoding {text.Length} characters allocated {used} bytes";
        }

        return null;
    }

    private byte[] Damage(byte[] bytes)
    {
        int at = _random.Next(bytes.Length + 1),
            length = Math.Min(_random.Next(1, 9), bytes.Length - at);
        switch (_random.Next(8))
        {
            case 0:
                return bytes[..at];
            case 1:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 2:
                return [.. bytes[..at], .. bytes[_random.Next(at + 1)..at], .. bytes[at..]];
            case 3 when at < bytes.Length:
                byte[] flipped = [.. bytes];
                flipped[at] = (byte)_random.Next(256);
                return flipped;
            case 4:
                return [.. bytes[..at], .. Encoding.UTF8.GetBytes(s_words[_random.Next(s_words.Length)]), .. bytes[at..]];
            default:
                return ReplaceValue(bytes);
        }
    }

    /// <summary>Puts another value where a JSON value stands, so that most inputs get past the parser.</summary>
    private byte[] ReplaceValue(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        int[] colons = [.. Enumerable.Range(0, text.Length).Where(i => text[i] is ':' or '[' or ',')];
        if (colons.Length == 0)
            return bytes;
        int start = colons[_random.Next(colons.Length)] + 1,
            end = start;
        if (start < text.Length && text[start] == '"')
            end = text.IndexOf('"', start + 1) + 1;
        else
            end = text.IndexOfAny([',', '}', ']'], start);
        end = end <= start ? start : end;
        return Encoding.UTF8.GetBytes(text[..start] + s_words[_random.Next(s_words.Length)] + text[end..]);
    }

    private static string Report(string fault, string name, Dictionary<string, byte[]> files) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{fault}\nwith {name} = {Convert.ToBase64String(files[name])}\nof {string.Join(", ", files.Keys)}"
        );

    private static IEnumerable<Dictionary<string, byte[]>> Seeds()
    {
        const string Added =
            """[{"id":12,"content":"<s>","single_word":false,"lstrip":true,"rstrip":true,"normalized":true,"special":true}]""";
        const string Template =
            """{"type":"Sequence","processors":[{"type":"ByteLevel","trim_offsets":true},{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[12],"tokens":["<s>"]}}}]}""";
        const string Regex =
            """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}""";
        const string Normal =
            """{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"Regex":"a+"},"content":"ab"},{"type":"Prepend","prepend":"▁"},{"type":"Strip","strip_left":true,"strip_right":true},{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}]}""";
        const string Decoder =
            """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""";
        const string WordPiece =
            """{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"?":0,"a":1,"##b":2,"[CLS]":3,"[SEP]":4,"##é":5}}""";
        const string Settings =
            """{"tokenizer_class":"PreTrainedTokenizerFast","bos_token":{"content":"<s>","lstrip":false},"unk_token":"?","added_tokens_decoder":{"12":{"content":"<s>","special":true}},"additional_special_tokens":["<x>"],"clean_up_tokenization_spaces":true,"truncation_side":"left","model_max_length":1000000000000000019884624838656}""";
        yield return Files(
            (
                "tokenizer.json",
                MemoryTokenizer.Json(added: Added, preTokenizer: Regex, postProcessor: Template, decoder: """{"type":"ByteLevel"}""")
            ),
            ("tokenizer_config.json", Settings)
        );
        yield return Files(
            (
                "tokenizer.json",
                MemoryTokenizer.Json(
                    normalizer: Normal,
                    preTokenizer: """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}""",
                    decoder: Decoder
                )
            ),
            ("special_tokens_map.json", """{"pad_token":"<pad>","additional_special_tokens":[{"content":"<y>"}]}""")
        );
        yield return Files(
            (
                "tokenizer.json",
                MemoryTokenizer.Json(
                    WordPiece,
                    preTokenizer: """{"type":"BertPreTokenizer"}""",
                    postProcessor: """{"type":"BertProcessing","sep":["[SEP]",4],"cls":["[CLS]",3]}""",
                    decoder: """{"type":"WordPiece","prefix":"##","cleanup":true}"""
                )
            ),
            ("config.json", """{"model_type":"bert"}""")
        );
        yield return Files(
            ("vocab.json", """{"a":0,"b":1,"ab":2,"Ġ":3,"Ġab":4,"<|endoftext|>":5}"""),
            ("merges.txt", "#version: 0.2\na b\nĠ ab\n"),
            ("tokenizer_config.json", """{"tokenizer_class":"GPT2Tokenizer","add_bos_token":true}""")
        );
        yield return Files(
            ("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n.\n"),
            ("tokenizer_config.json", """{"tokenizer_class":"BertTokenizer","do_lower_case":true,"strip_accents":null}""")
        );
        var llama = TokenizerFiles.In(TokenizerGoldenTests.Folder("llama2"));
        yield return new()
        {
            ["tokenizer.model"] = llama.Bytes("tokenizer.model")!,
            ["tokenizer_config.json"] = llama.Bytes("tokenizer_config.json")!,
        };
    }

    private static Dictionary<string, byte[]> Files(params (string Name, string Text)[] files) =>
        files.ToDictionary(file => file.Name, file => Encoding.UTF8.GetBytes(file.Text));
}
