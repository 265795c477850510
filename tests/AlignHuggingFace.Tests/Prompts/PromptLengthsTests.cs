using AlignHuggingFace.Prompts;
using VariationalBoN;

namespace AlignHuggingFace.Tests.Prompts;

[Trait("Tier", "fast")]
public sealed class PromptLengthsTests
{
    private const int Most = 3;
    private static readonly PromptFile s_file = new([("a b", "line 1"), ("a b c dd e", "line 4"), ("x b c dd e", "line 5")], ["a note"]);

    [Fact]
    public void Prompts_that_fit_are_as_they_were() =>
        Assert.Same(s_file, PromptLengths.Fit("p.txt", s_file, Words, 5, LongPrompts.Refuse));

    [Fact]
    public void A_prompt_that_is_too_long_is_refused_with_its_place()
    {
        var e = Assert.Throws<InvalidDataException>(() => PromptLengths.Fit("p.txt", s_file, Words, Most, LongPrompts.Refuse));
        foreach (string part in new[] { "p.txt, line 4", "5 tokens", "room for 3", "2 prompts of 3", "--long-prompts" })
            Assert.Contains(part, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_left_out_where_that_is_asked_for()
    {
        var file = PromptLengths.Fit("p.txt", s_file, Words, Most, LongPrompts.Skip);
        Assert.Equal(["a b"], file.Entries.Select(entry => entry.Prompt.Text));
        Assert.Equal(2, file.Notes.Count);
        Assert.Contains("2 prompts of more than 3 tokens were left out", file.Notes[1], StringComparison.Ordinal);
        Assert.Contains(
            "no shorter prompt",
            Assert.Throws<InvalidDataException>(() => PromptLengths.Fit("p.txt", s_file, Words, 1, LongPrompts.Skip)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Its_beginning_is_cut_at_a_word_and_what_is_equal_then_is_taken_once()
    {
        var file = PromptLengths.Fit("p.txt", s_file, Words, Most, LongPrompts.Truncate);
        Assert.Equal(["a b", "c dd e"], file.Entries.Select(entry => entry.Prompt.Text));
        Assert.Contains("cut", file.Notes[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Text_without_words_is_cut_between_characters()
    {
        var file = new PromptFile([("😀😀😀😀", "line 1")], []);
        Assert.Equal(
            "😀😀",
            PromptLengths.Fit("p.txt", file, prompt => prompt.Text.EnumerateRunes().Count(), 2, LongPrompts.Truncate).Entries[0].Prompt.Text
        );
    }

    [Fact]
    public void A_conversation_is_not_cut_and_a_prompt_without_tokens_is_refused()
    {
        var conversation = new PromptFile([(Prompt.Conversation("""[{"role":"user","content":"a"}]"""), "row 7")], []);
        Assert.Contains(
            "row 7",
            Assert.Throws<InvalidDataException>(() => PromptLengths.Fit("p", conversation, _ => 9, Most, LongPrompts.Truncate)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "row 7",
            Assert.Throws<InvalidDataException>(() => PromptLengths.Fit("p", conversation, _ => 0, Most, LongPrompts.Skip)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--max-new-tokens",
            Assert.Throws<InvalidDataException>(() => PromptLengths.Fit("p", conversation, _ => 9, 0, LongPrompts.Skip)).Message,
            StringComparison.Ordinal
        );
    }

    private static int Words(Prompt prompt) => prompt.Text.Split(' ').Length;
}
