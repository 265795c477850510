using VariationalBoN.Transformers.ChatTemplates;
using static VariationalBoN.Tests.Transformers.ChatTemplates.MessageInputs;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>Where the template of a model's directory is found.</summary>
[Trait("Tier", "fast")]
public sealed class TemplateFilesTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("chat-template").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void The_settings_hold_a_text()
    {
        Write("tokenizer_config.json", """{"chat_template": "{{ 'config' }}"}""");

        ChatTemplate template = ChatTemplate.Load(directory);

        Assert.Equal("config", template.Render(Of()));
        Assert.Equal(Path.Combine(directory, "tokenizer_config.json"), template.Name);
    }

    [Fact]
    public void The_settings_hold_a_list_of_named_ones()
    {
        Write(
            "tokenizer_config.json",
            """{"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}"""
        );

        Assert.Equal("d", ChatTemplate.Load(directory).Render(Of()));
        Assert.Equal("t", ChatTemplate.Load(directory, "tool_use").Render(Of()));
        Assert.Contains(
            "default, tool_use",
            Assert.Throws<InvalidDataException>(() => ChatTemplate.Load(directory, "rag")).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tools_choose_the_template_for_them_unless_one_is_named(bool asFiles)
    {
        Write("chat_template.jinja", "d");
        Write("additional_chat_templates/tool_use.jinja", "t");
        if (!asFiles)
        {
            Write(
                "tokenizer_config.json",
                """{"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}"""
            );
            File.Delete(Path.Combine(directory, "chat_template.jinja"));
            File.Delete(Path.Combine(directory, "additional_chat_templates", "tool_use.jinja"));
        }

        ChatTemplate template = ChatTemplate.Load(directory);

        Assert.Equal(
            ("d", "t", "t"),
            (template.Render(Of()), template.Render(Of() with { Tools = [] }), ChatTemplate.Load(directory, "tool_use").Render(Of()))
        );
        Assert.Equal("d", ChatTemplate.Load(directory, "default").Render(Of() with { Tools = [] }));
        Assert.Distinct([template.Digest, ChatTemplate.Load(directory, "default").Digest, ChatTemplate.Load(directory, "tool_use").Digest]);
    }

    [Fact]
    public void A_template_for_tools_is_read_when_it_is_used()
    {
        Write("chat_template.jinja", "d");
        Write("additional_chat_templates/tool_use.jinja", "{% if %}");
        ChatTemplate template = ChatTemplate.Load(directory);

        Assert.Equal("d", template.Render(Of()));
        Assert.Contains(
            "tool_use.jinja",
            Assert.Throws<ChatTemplateException>(() => template.Render(Of() with { Tools = [] })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_of_its_own_is_a_template()
    {
        Write("own.jinja", "{{ messages[0].content }}\n");
        string path = Path.Combine(directory, "own.jinja");
        var template = ChatTemplate.FromFile(path);

        Assert.Equal(("hi", path), (template.Render(Of(("user", "hi"))), template.Name));
        Assert.Throws<FileNotFoundException>(() => ChatTemplate.FromFile(Path.Combine(directory, "missing")));
    }

    [Fact]
    public void A_list_without_default_wants_a_name()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "rag", "template": "r"}]}""");

        Assert.Contains("rag", Assert.Throws<InvalidDataException>(() => ChatTemplate.Load(directory)).Message, StringComparison.Ordinal);
        Assert.Equal("r", ChatTemplate.Load(directory, "rag").Render(Of()));
    }

    [Fact]
    public void Files_of_their_own_come_before_the_settings()
    {
        Write("tokenizer_config.json", """{"chat_template": "config"}""");
        Write("chat_template.json", """{"chat_template": "json"}""");
        Assert.Equal("json", ChatTemplate.Load(directory).Render(Of()));

        Write("chat_template.jinja", "a\r\n{{ 'jinja' }}\r\n");
        Write("additional_chat_templates/rag.jinja", "more");
        Assert.Equal("a\njinja", ChatTemplate.Load(directory).Render(Of()));
        Assert.Equal("more", ChatTemplate.Load(directory, "rag").Render(Of()));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"chat_template": null}""")]
    [InlineData("[]")]
    public void A_directory_without_template_is_refused_by_its_files(string config)
    {
        Write("tokenizer_config.json", config);

        var error = Assert.Throws<InvalidDataException>(() => ChatTemplate.Load(directory));

        Assert.Contains(Path.Combine(directory, "tokenizer_config.json"), error.Message, StringComparison.Ordinal);
        Assert.Contains("chat_template.jinja", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"chat_template": 5}""")]
    [InlineData("""{"chat_template": [5]}""")]
    [InlineData("""{"chat_template": [{"name": "a"}]}""")]
    [InlineData("""{"chat_template": [{"name": 1, "template": "x"}]}""")]
    [InlineData("""{"chat_template": "\ud800"}""")]
    [InlineData("""{"chat_template": [{"name": "default", "template": "\ud800"}]}""")]
    [InlineData("""{"chat_template": [{"name": "\ud800", "template": "x"}]}""")]
    public void Settings_that_hold_no_template_are_refused_by_their_file(string config)
    {
        Write("tokenizer_config.json", config);

        Assert.Contains(
            "tokenizer_config.json",
            Assert.Throws<InvalidDataException>(() => ChatTemplate.Load(directory)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_fault_of_syntax_names_the_file()
    {
        Write("chat_template.jinja", "x\n{% if %}");

        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Load(directory));

        Assert.Equal((Path.Combine(directory, "chat_template.jinja"), 2), (error.TemplateName, error.Line));
    }

    [Fact]
    public void A_file_is_UTF_8_and_a_byte_order_mark_is_text()
    {
        string path = Path.Combine(directory, "chat_template.jinja");
        File.WriteAllBytes(path, [0xEF, 0xBB, 0xBF, (byte)'x']);
        Assert.Equal("\uFEFFx", ChatTemplate.Load(directory).Render(Of()));

        File.WriteAllBytes(path, [0xFF]);
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => ChatTemplate.Load(directory)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_directory_is_refused() =>
        Assert.Throws<DirectoryNotFoundException>(() => ChatTemplate.Load(Path.Combine(directory, "missing")));

    private void Write(string name, string text)
    {
        string path = Path.Combine(directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
