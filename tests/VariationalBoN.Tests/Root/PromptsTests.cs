namespace VariationalBoN.Tests.Root;

/// <summary>Prompts from files of JSON Lines.</summary>
[Trait("Tier", "fast")]
public sealed class PromptsTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_line_holds_a_text_or_a_conversation()
    {
        Write(
            """{"prompt": "a", "messages": 5}""",
            "  ",
            """{"messages": [{"role": "user", "content": "b"}]}""",
            """{"prompt": [{"role": "user", "content": "c"}]}"""
        );

        Assert.Equal(["a", Conversation("b"), Conversation("c")], Prompts.ReadJsonLines(_path));
    }

    [Fact]
    public void A_column_may_be_named()
    {
        Write("""{"prompt": "a", "question": "b"}""");

        Assert.Equal(["b"], Prompts.ReadJsonLines(_path, "question"));
        Assert.Contains(
            "\"answer\"",
            Assert.Throws<InvalidDataException>(() => Prompts.ReadJsonLines(_path, "answer")).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"prompt": 5}""")]
    [InlineData("""{"prompt": "\ud800"}""")]
    [InlineData("""{"messages": []}""")]
    [InlineData("""{"messages": [{"content": "a"}]}""")]
    [InlineData("""{"prompt": [{"role": "user", "content": "\ud800"}]}""")]
    public void A_line_without_prompt_is_named(string line)
    {
        Write("""{"prompt": "a"}""", "", line);

        Assert.Contains(
            $"{_path}, line 3:",
            Assert.Throws<InvalidDataException>(() => Prompts.ReadJsonLines(_path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_without_lines_is_refused()
    {
        Write("", " ");

        Assert.Contains(_path, Assert.Throws<InvalidDataException>(() => Prompts.ReadJsonLines(_path)).Message, StringComparison.Ordinal);
    }

    private static Prompt Conversation(string content) => Prompt.Conversation($$"""[{"role":"user","content":"{{content}}"}]""");

    private void Write(params string[] lines) => File.WriteAllLines(_path, lines);
}
