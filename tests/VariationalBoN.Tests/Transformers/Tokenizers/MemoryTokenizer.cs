using System.Text;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>Small tokenizers made of texts instead of files.</summary>
internal static class MemoryTokenizer
{
    /// <summary>A vocabulary that a test can read: letters of both alphabets, spaces of both kinds, a few merges.</summary>
    internal const string BytePairs =
        """{"type":"BPE","dropout":null,"unk_token":"?","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{"?":0,"a":1,"b":2,"c":3,"▁":4,"Ġ":5,"-":6,"ab":7,"▁a":8,"Ġa":9,"abc":10,".":11},"merges":["a b",["▁","a"],"Ġ a","ab c"]}""";

    internal static HuggingFaceTokenizer Load(int vocabularySize, params (string Name, string Text)[] files)
    {
        var bytes = files.ToDictionary(file => file.Name, file => Encoding.UTF8.GetBytes(file.Text));
        return HuggingFaceTokenizer.Load(new TokenizerFiles("memory", bytes.GetValueOrDefault), vocabularySize);
    }

    /// <summary>A <c>tokenizer.json</c> of some parts; those not given are null.</summary>
    internal static string Json(
        string model = BytePairs,
        string added = "[]",
        string normalizer = "null",
        string preTokenizer = "null",
        string postProcessor = "null",
        string decoder = "null"
    ) =>
        $$"""{"version":"1.0","truncation":null,"padding":null,"added_tokens":{{added}},"normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},"post_processor":{{postProcessor}},"decoder":{{decoder}},"model":{{model}}}""";

    internal static string Tokens(HuggingFaceTokenizer tokenizer, string text) =>
        string.Join('|', tokenizer.Encode(text).Select(id => tokenizer.TryGetToken(id, out string? token) ? token : $"#{id}"));
}
