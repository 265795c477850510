using VariationalBoN.Orleans;

namespace VariationalBoN.Tests.Orleans;

[Trait("Tier", "fast")]
public sealed class ClusterOptionsTests
{
    [Fact]
    public void All_faults_of_a_client_are_named_in_one_message()
    {
        var options = new WorkerClusterOptions
        {
            BlocksPerDevice = 0,
            SilentAfter = TimeSpan.FromSeconds(4),
            AnyExecution = true,
            Execution = TorchRuntime.Execution,
        };

        Named(options.Validate, "BlocksPerDevice is 0", "SilentAfter is 00:00:04", "AnyExecution is true");
        (options with { BlocksPerDevice = 1, SilentAfter = TimeSpan.FromSeconds(5), Execution = null }).Validate();
    }

    [Fact]
    public void All_faults_of_a_worker_are_named_in_one_message()
    {
        var options = new ClusterWorkerOptions { KeptVersions = 0, AbandonedAfter = TimeSpan.FromSeconds(9) };

        Named(options.Validate, "KeptVersions is 0", "AbandonedAfter is 00:00:09");
        (options with { KeptVersions = 1, AbandonedAfter = TimeSpan.FromSeconds(10) }).Validate();
    }

    private static void Named(Action validate, params string[] faults)
    {
        string message = Assert.Throws<ArgumentException>(validate).Message;
        Assert.All(faults, fault => Assert.Contains(fault, message, StringComparison.Ordinal));
    }
}
