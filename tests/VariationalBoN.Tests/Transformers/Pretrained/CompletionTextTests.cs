using VariationalBoN.Tests.Transformers.Tokenizers;
using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>What a judge reads of draws of golden models.</summary>
[Trait("Tier", "torch")]
public sealed class CompletionTextTests
{
    /// <summary>
    /// Decoded alone, 56 draws of Llama 2 would lose their first space. The configuration of the golden Qwen 2 names an ordinary token,
    /// "#", as the end of a text: some draws stop at it, and their text is without it as without any stop token.
    /// </summary>
    [Theory]
    [InlineData("gpt2", 0, 0)]
    [InlineData("pythia", 0, 0)]
    [InlineData("llama2", 56, 0)]
    [InlineData("llama3", 0, 0)]
    [InlineData("qwen2", 0, 5)]
    public void Draws_have_the_text_that_they_add_to_their_prompt(string name, int otherAlone, int stoppedByText)
    {
        using var model = PretrainedCausalLm.Load(TokenizerGoldenTests.Folder(name));
        var tokenizer = model.Tokenizer;
        var options = new GenerationOptions { MaxNewTokens = 6, StopTokens = model.StopTokens };
        var draws = new CausalLmPolicy(model.Model, tokenizer, options).Sample(["The film was"], 400, new DrawSeed(1, DrawPurpose.Rollout));
        int alone = 0,
            stopped = 0;
        foreach (var draw in draws)
        {
            int[] ids = draw.FinishReason == FinishReason.Stopped ? [.. draw.Tokens[..^1]] : [.. draw.Tokens];
            string whole = tokenizer.Decode(draw.PromptTokens) + draw.Text;
            Assert.Equal(tokenizer.Decode([.. draw.PromptTokens, .. ids]), whole);
            alone += tokenizer.Decode(ids) != draw.Text ? 1 : 0;
            stopped += tokenizer.Decode([.. draw.PromptTokens, .. draw.Tokens]) != whole ? 1 : 0;
        }

        Assert.Equal((otherAlone, stoppedByText), (alone, stopped));
    }
}
