using System.Diagnostics;
using VariationalBoN.Internal;

namespace VariationalBoN.Tests.Internal;

[Trait("Tier", "fast")]
public sealed class InputFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("input-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Content_is_read_up_to_the_bound_also_through_a_link()
    {
        string file = Write("file", "0123456789"),
            link = Path.Combine(_folder, "link");
        File.CreateSymbolicLink(link, file);
        foreach (string path in new[] { file, link })
        {
            Assert.Equal("0123456789", InputFile.ReadText(path, 10));
            Assert.Contains(
                $"{path} is 10 bytes long; at most 9",
                Assert.Throws<InvalidDataException>(() => InputFile.ReadAll(path, 9)).Message,
                StringComparison.Ordinal
            );
        }

        Assert.Empty(InputFile.ReadAll(Write("empty", ""), 9));
    }

    [Fact]
    public void Folder_and_nothing_are_named()
    {
        Assert.Contains(
            "folder",
            Assert.Throws<InvalidDataException>(() => InputFile.ReadAll(_folder, 9)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<FileNotFoundException>(() => InputFile.ReadAll(Path.Combine(_folder, "nothing"), 9));
        string loop = Path.Combine(_folder, "loop");
        File.CreateSymbolicLink(loop, loop);
        Assert.ThrowsAny<IOException>(() => InputFile.ReadAll(loop, 9));
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    [InlineData("pipe")]
    public void Device_and_pipe_are_never_opened(string what)
    {
        if (OperatingSystem.IsWindows())
            return;
        string path = Path.Combine(_folder, "config.json");
        if (what == "pipe")
            Process.Start("mkfifo", [path]).WaitForExit();
        else
            File.CreateSymbolicLink(path, what);
        Assert.Empty(InputFile.ReadAll(path, 9));
        Assert.Contains(
            "pipe or a device",
            Assert.Throws<InvalidDataException>(() => InputFile.Open(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Links_within_a_directory_are_followed_and_links_out_of_it_are_refused()
    {
        string model = Folder("model");
        Folder("model", "sub");
        Write("secret", "s");
        Write("model/sub/real", "r");
        Link("model/in", "sub/real");
        Link("model/out", "../secret");
        Link("model/far", Path.Combine(_folder, "secret"));
        Link("model/again", "in");
        Link("model/through", "sub/../../secret");
        Link("model/door", "..");
        Link("model/back", "door/model/sub/real");
        Link("alias", "model");

        foreach (string directory in new[] { model, Path.Combine(_folder, "alias"), Path.Combine(_folder, "model", "sub", "..") })
        {
            foreach (string name in new[] { "in", "again", "back", "sub/real" })
            {
                Assert.Equal(Path.Combine(directory, name), InputFile.Find(directory, name));
                Assert.Equal("r", InputFile.ReadText(InputFile.Find(directory, name)!, 9));
            }

            foreach (string name in new[] { "out", "far", "through", "door/secret" })
                Assert.Contains(
                    "outside of the directory",
                    Assert.Throws<InvalidDataException>(() => InputFile.Find(directory, name)).Message,
                    StringComparison.Ordinal
                );
            Assert.Null(InputFile.Find(directory, "nothing"));
        }
    }

    [Fact]
    public void Cache_of_the_hub_is_followed_to_its_blobs_and_no_further()
    {
        string snapshot = Folder("models--a--b", "snapshots", "0123abcd");
        Folder("models--a--b", "blobs");
        Folder("models--a--b", "snapshots", "0123abcd", "additional_chat_templates");
        Write("models--a--b/blobs/1f2e", "{}");
        Write("models--a--b/refs", "x");
        Link("models--a--b/snapshots/0123abcd/config.json", "../../blobs/1f2e");
        Link("models--a--b/snapshots/0123abcd/other.json", "../../refs");
        Link("models--a--b/snapshots/0123abcd/additional_chat_templates/x.jinja", "../../../blobs/1f2e");
        Link("here", "models--a--b/snapshots/0123abcd");

        foreach (string directory in new[] { snapshot, Path.Combine(_folder, "here") })
        {
            foreach (string name in new[] { "config.json", Path.Combine("additional_chat_templates", "x.jinja") })
                Assert.Equal("{}", InputFile.ReadText(InputFile.Find(directory, name)!, 9));
            Assert.Throws<InvalidDataException>(() => InputFile.Find(directory, "other.json"));
        }
    }

    [Fact]
    public void Cache_whose_blobs_are_elsewhere_and_directory_that_links_into_a_cache_are_read()
    {
        string snapshot = Folder("models--a--b", "snapshots", "0123abcd"),
            local = Folder("local");
        Folder("disk");
        Folder("models--c--d", "blobs");
        Folder("other", "blobs");
        foreach (string blob in new[] { "disk/1f", "models--c--d/blobs/1f", "other/blobs/1f" })
            Write(blob, "{}");
        Link("models--a--b/blobs", Path.Combine(_folder, "disk"));
        Link("models--a--b/snapshots/0123abcd/config.json", "../../blobs/1f");
        Link("local/config.json", "../models--c--d/blobs/1f");
        Link("local/other.json", "../other/blobs/1f");

        Assert.Equal("{}", InputFile.ReadText(InputFile.Find(snapshot, "config.json")!, 9));
        Assert.Equal("{}", InputFile.ReadText(InputFile.Find(local, "config.json")!, 9));
        Assert.Throws<InvalidDataException>(() => InputFile.Find(local, "other.json"));
    }

    private string Folder(params string[] names) => Directory.CreateDirectory(Path.Combine([_folder, .. names])).FullName;

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_folder, name), target);
}
