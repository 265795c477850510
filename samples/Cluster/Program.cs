// The reviews model aligned to Best-of-8 over a cluster of Orleans:
// read on in Silos (silos and client), Alignment (the loop), OverCluster (what is done there).
using System.CommandLine;
using Cluster;
using SampleHosting;
using TorchSharp;

if (args is [Child.Command, string role, string file])
{
    Child.EndWithParent();
    var shared = Settings.Read(file);
    FastRuntime.Begin(shared.Plain);
    torch.set_num_threads(1);
    return await CommandHost.RunAsync(
        () => Roles.RunAsync(role, shared, CancellationToken.None),
        "Stopped.",
        CancellationToken.None,
        e => e is VariationalBoN.Orleans.ClusterException
    );
}

var quick = new Option<bool>("--quick") { Description = "A smaller run: about half a minute on two idle cores." };
var postgres = new Option<string>("--postgres")
{
    Description =
        "A connection to PostgreSQL with Orleans' tables in it (README.md): "
        + "then there is no primary, any process may die, and the learner is killed, too.",
};
var redis = new Option<string>("--redis") { Description = "A connection to Redis, such as 127.0.0.1:6379, in place of --postgres." };
var plain = FastRuntime.Plain();
var program = new RootCommand(
    "Aligns a small language model to Best-of-8 over a cluster of processes, one of which is killed on the "
        + "way, and says whether the result is that of one process to the last digit."
)
{
    quick,
    postgres,
    redis,
    plain,
};
program.Validators.Add(parsed =>
{
    if (parsed.GetValue(postgres) is not null && parsed.GetValue(redis) is not null)
        parsed.AddError("Both --postgres and --redis are given; the members of the cluster are kept in one database, so give one.");
});
program.SetAction(
    async (parsed, stop) =>
    {
        FastRuntime.Begin(parsed.GetValue(plain));
        torch.set_num_threads(1);
        int code = 0;
        bool isQuick = parsed.GetValue(quick);
        var folder = Directory.CreateTempSubdirectory("variationalbon-cluster-");
        try
        {
            int failed = await CommandHost.RunAsync(
                async () =>
                {
                    using var run = new Run(
                        new Settings
                        {
                            Folder = folder.FullName,
                            Plain = parsed.GetValue(plain),
                            Steps = isQuick ? 12 : 80,
                            SamplesPerPrompt = isQuick ? 32 : 256,
                            TrainPrompts = isQuick ? 32 : 96,
                            HeldOutPrompts = isQuick ? 8 : 48,
                            Postgres = parsed.GetValue(postgres),
                            Redis = parsed.GetValue(redis),
                            Primary = Silos.FreePorts(),
                        },
                        Console.Out
                    );
                    code = await run.RunAsync(stop);
                },
                "Stopped.",
                stop,
                e => e is InvalidOperationException
            );
            return failed == 0 ? code : failed;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
);
return await CommandHost.InvokeAsync(program, args);
