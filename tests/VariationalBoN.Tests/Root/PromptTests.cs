using System.Text.Json;

namespace VariationalBoN.Tests.Root;

[Trait("Tier", "fast")]
public sealed class PromptTests
{
    [Theory]
    [InlineData("""[{"role":"user","content":"q"}]""", """[{"role":"user","content":"q"},{"role":"assistant","content":"a <é\"😀"}]""")]
    [InlineData(
        """[{"role":"user","content":"q"},{"role":"assistant","content":"It is "}]""",
        """[{"role":"user","content":"q"},{"role":"assistant","content":"It is a <é\"😀"}]"""
    )]
    [InlineData(
        """[{"role":"assistant","content":null}]""",
        """[{"role":"assistant","content":null},{"role":"assistant","content":"a <é\"😀"}]"""
    )]
    public void A_conversation_is_answered_by_the_assistant(string messages, string expected) =>
        Assert.Equal(Prompt.Conversation(expected), Prompt.Conversation(messages).Answered("a <é\"😀"));

    [Fact]
    public void A_text_is_answered_by_what_follows_it() =>
        Assert.Equal("The film was good", new Prompt("The film").Answered(" was good").Text);

    [Fact]
    public void Text_is_a_prompt_and_its_own_canonical_form()
    {
        Prompt prompt = " a text ";

        Assert.False(prompt.IsConversation);
        Assert.Equal((" a text ", " a text ", " a text "), (prompt.Text, prompt.Canonical, prompt.ToString()));
        Assert.True(prompt == new Prompt(" a text ") && prompt != new Prompt("a text"));
        Assert.NotEqual(prompt, "a text");
    }

    [Fact]
    public void Conversation_keeps_each_message_as_it_was_given_without_blanks()
    {
        var prompt = Prompt.Conversation(
            """
            [ {"role": "system", "content": "Be \u00e9vident. \ud83d\ude42 <b> & '"},
              {"content": null, "role": "assistant", "tool_calls": [ {"id": 1.50, "args": {"b": 2, "a": [true, null]}} ]} ]
            """
        );

        Assert.True(prompt.IsConversation);
        Assert.Equal(
            """[{"role":"system","content":"Be évident. 🙂 <b> & '"},{"content":null,"role":"assistant","tool_calls":[{"id":1.50,"args":{"b":2,"a":[true,null]}}]}]""",
            prompt.Canonical.Replace("\\uD83D\\uDE42", "🙂", StringComparison.Ordinal)
        );
        Assert.Equal(prompt, Prompt.Conversation(prompt.Canonical));
        using var again = JsonDocument.Parse(prompt.Canonical);
        Assert.Equal(prompt, Prompt.Conversation(again.RootElement));
    }

    [Fact]
    public void Conversation_is_not_the_text_that_it_is_written_as()
    {
        var conversation = Prompt.Conversation("""[{"role":"user","content":"hi"}]""");

        Assert.NotEqual(conversation, new Prompt(conversation.Canonical));
        Assert.Equal(2, new HashSet<Prompt> { conversation, conversation.Canonical }.Count);
        string message = Assert.Throws<InvalidOperationException>(() => conversation.Text).Message;
        Assert.Contains("chat template", message, StringComparison.Ordinal);
    }

    /// <summary>A document may hold what its own text may not: the canonical form is refused where it could not be read back.</summary>
    [Theory]
    [InlineData("""[{"role":"user","content":"a","content":"b"}]""")]
    [InlineData("""[{"role":"user","content":[{"text":"a","text":"b"}]}]""")]
    [InlineData("""[{"role":"\ud800","content":"a"}]""")]
    [InlineData("""[{"role":"user","content":"\ud800"}]""")]
    public void Conversation_that_could_not_be_read_back_is_refused_as_text_and_as_element(string json)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Throws<ArgumentException>(() => Prompt.Conversation(json));
        Assert.Throws<ArgumentException>(() => Prompt.Conversation(document.RootElement));
    }

    [Theory]
    [InlineData("""{"role":"user"}""", "object")]
    [InlineData("[]", "no message")]
    [InlineData("""["hi"]""", "message 0 is string")]
    [InlineData("""[{"role":"user"},{"content":"hi"}]""", "message 1 has no role")]
    [InlineData("""[{"role":"  ","content":"hi"}]""", "message 0 has no role")]
    [InlineData("""[{"role":"user","content":5}]""", "content of message 0 is number")]
    [InlineData("""[{"role":"user","role":"system"}]""", "not valid JSON")]
    [InlineData("""[{"role":"user" """, "not valid JSON")]
    public void What_is_no_conversation_is_refused_by_name(string json, string why) =>
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => Prompt.Conversation(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Half_a_surrogate_pair_is_refused_at_the_door()
    {
        foreach ((string text, int place) in (ReadOnlySpan<(string, int)>)[("ab\uD83D", 2), ("\uDE42ab", 0), ("a\uD83D\uDE42\uDE42", 3)])
            Assert.Contains(
                $"at character {place}",
                Assert.Throws<ArgumentException>(() => new Prompt(text)).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Whole_surrogate_pairs_pass() => Assert.Equal("\uD83D\uDE42\uD83D\uDE42", new Prompt("\uD83D\uDE42\uD83D\uDE42").Text);

    [Fact]
    public void Random_numbers_of_a_text_are_those_of_its_characters()
    {
        var seed = new DrawSeed(7, DrawPurpose.Reference);
        Assert.Equal(new CounterRandom(seed, "x", 0).Uniform(3), new CounterRandom(seed, new Prompt("x"), 0).Uniform(3));
        Assert.NotEqual(new CounterRandom(seed, "x", 0).Uniform(3), new CounterRandom(seed, "y", 0).Uniform(3));
    }
}
