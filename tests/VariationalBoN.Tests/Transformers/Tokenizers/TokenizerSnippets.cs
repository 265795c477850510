using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>The code of docs/tokenizers.md.</summary>
[Trait("Tier", "fast")]
public sealed class TokenizerSnippets
{
    [Fact]
    public void Chat_template_written_by_the_caller_gives_the_ids_of_its_special_tokens()
    {
        string directory = TokenizerGoldenTests.Folder("qwen2");
        // snippet: load
        var tokenizer = HuggingFaceTokenizer.Load(directory, vocabularySize: 623); // the model's number of logits
        var ids = tokenizer.Encode("A prompt"); // as Python's tokenizer("A prompt").input_ids
        string text = tokenizer.Decode(ids); // as decode(ids, skip_special_tokens=True)
        // end snippet
        Assert.Equal("A prompt", text);
        // snippet: chat
        string prompt = $"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"; // the template of your model, written out
        var chat = tokenizer.Encode(prompt, addSpecialTokens: false); // it has its special tokens already
        bool found = tokenizer.TryGetId("<|im_end|>", out int stop); // the token that ends the answer
        var options = new GenerationOptions { StopTokens = [stop] };
        // end snippet
        Assert.True(found);
        Assert.Equal<int>([622], options.StopTokens);
        Assert.Equal((621, 2, 1), (chat[0], chat.Count(id => id == 621), chat.Count(id => id == stop)));
    }
}
