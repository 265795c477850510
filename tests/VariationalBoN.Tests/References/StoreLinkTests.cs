namespace VariationalBoN.Tests.References;

/// <summary>A store under a link is the store that the link leads to: one writer, one log, one length.</summary>
[Trait("Tier", "fast")]
public sealed class StoreLinkTests : StoreFixture
{
    private string Link => Named("link.db");

    [Fact]
    public void One_writer_whatever_the_name_and_a_log_that_is_found()
    {
        Directory.CreateDirectory(Named("data"));
        string target = Named("data/real.db");
        File.CreateSymbolicLink(Link, target);
        using (var store = Open(Link))
        {
            Assert.Equal(target, store.Path);
            Assert.Contains("another process", Assert.Throws<IOException>(() => Open(target)).Message, StringComparison.Ordinal);
            Assert.Contains("another process", Assert.Throws<IOException>(() => Open(Link)).Message, StringComparison.Ordinal);
            store.Append([Samples("p", 0, 3)]);
            using var beside = ReferenceTable.Load(Link); // while its log is in use
            Assert.Equal(3, beside["p"].Rewards.Length);
        }

        Assert.Equal(Rows(target), Rows(Link));
        Assert.DoesNotContain(Directory.GetFiles(Path.GetDirectoryName(Link)!), file => file != Link);
    }

    [Fact]
    public void Empty_file_behind_a_link_is_empty()
    {
        File.WriteAllText(Store, "");
        File.CreateSymbolicLink(Link, Store);
        Assert.Contains("is empty", Assert.Throws<InvalidDataException>(() => Open(Link)).Message, StringComparison.Ordinal);
        Assert.Contains("is empty", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Link)).Message, StringComparison.Ordinal);
    }
}
