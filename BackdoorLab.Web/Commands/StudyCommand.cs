using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>study SPEC.json --out FOLDER</c>: a grid of experiments without a browser. Progress on stderr, tables on stdout,
/// the report in FOLDER/study.json, written again after every run.
/// </summary>
public static class StudyCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var spec = new Argument<FileInfo>("SPEC.json")
        {
            Description =
                "The study: an experiment, axes and seeds. A template's name also works: "
                + string.Join(", ", StudyTemplates.All.Select(template => template.Id))
                + ".",
        };
        var options = new HeadlessOptions("study.json");
        var seeds = new Option<int?>("--seeds") { Description = "Use the first N seeds only." };
        var processes = new Option<int>("--processes")
        {
            Description =
                "Runs at the same time, each in a process of its own with its own threads; small networks finish sooner in two processes of one thread than in one of two.",
            DefaultValueFactory = _ => 1,
        };
        processes.Validators.Add(AtLeastOne);
        var plan = new Option<bool>("--plan") { Description = "Print the runs and the estimated time, and stop." };
        var command = new Command("study", "Run a study: a grid of experiments over seeds, summarised with intervals.")
        {
            spec,
            seeds,
            processes,
            plan,
        };
        options.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
            {
                var runner = HeadlessOptions.TryRead(() => options.Runner(parsed));
                var study = runner is null
                    ? null
                    : HeadlessOptions.TryRead(() =>
                        Checked(First(Read(parsed.GetRequiredValue(spec)), parsed.GetValue(seeds)), runner)
                    );
                return Task.FromResult(
                    study is null || runner is null ? RunCommand.InvalidSpec
                    : parsed.GetValue(plan) ? Plan(study, runner)
                    : HeadlessOptions.TryRead(() => options.Output(parsed)) is { } output
                        ? Execute(
                            study,
                            output,
                            runner with
                            {
                                ModelFolder = parsed.GetRequiredValue(spec).DirectoryName ?? "",
                            },
                            parsed.GetValue(processes),
                            cancellation
                        )
                    : RunCommand.InvalidSpec
                );
            }
        );
        return command;
    }

    private static StudySpec Read(FileInfo file) =>
        !file.Exists && StudyTemplates.Find(file.Name) is { } template
            ? template.Spec
            : StudySpec.Parse(StrictJson.ReadFile(file.FullName));

    private static StudySpec First(StudySpec study, int? seeds) =>
        seeds is not { } count ? study
        : count >= 1 ? study with { Seeds = [.. study.Seeds.Take(count)] }
        : throw new SpecException([new("--seeds", $"must be at least 1; found {count}.")]);

    private static StudySpec Checked(StudySpec study, RunnerOptions options)
    {
        StudyPlan.Make(study).Refuse(new(options.DataRoot));
        return study;
    }

    private static int Plan(StudySpec study, RunnerOptions options)
    {
        var plan = StudyPlan.Make(study);
        foreach (var spec in plan.Experiments)
        {
            Console.Out.WriteLine(spec.Name);
        }

        Console.Out.WriteLine(
            $"{plan.Experiments.Count} runs, about {ConsoleProgress.Duration(plan.Seconds(options.Threads))} by a guess from the size of the network."
        );
        return RunCommand.Complete;
    }

    private static int Execute(
        StudySpec study,
        DirectoryInfo output,
        RunnerOptions options,
        int processes,
        CancellationToken cancellation
    )
    {
        var path = Path.Combine(output.FullName, "study.json");
        var clock = Stopwatch.StartNew();
        var ended = 0;
        var runs = new StudyRunner(
            processes == 1
                ? new ExperimentRunner(options).Run
                : new WorkerExperiment(new WorkerLauncher(), options).Run,
            processes
        ).Run(
            study,
            (i, count, spec) =>
            {
                Console.Error.WriteLine($"[{i + 1} of {count}] {spec.Name}");
                return new ConsoleProgress(Console.Error, processes == 1 ? "" : $"[{i + 1}] ");
            },
            (result, sofar) =>
            {
                if (result.Error.Length > 0)
                {
                    Console.Error.WriteLine(result.Error);
                }

                Save(sofar);
                ended++;
                Console.Error.WriteLine(
                    $"{ended} of {sofar.Count} runs ended in {ConsoleProgress.Duration(clock.Elapsed.TotalSeconds)}, "
                        + $"about {ConsoleProgress.Duration(clock.Elapsed.TotalSeconds / ended * (sofar.Count - ended))} left"
                );
            },
            cancellation
        );
        StudyTable.Write(Save(runs), Console.Out);
        Console.Out.WriteLine(
            $"Wall time {ConsoleProgress.Duration(clock.Elapsed.TotalSeconds)}, {Numbers.Count(processes, "process", "processes")} of {Numbers.Count(options.Threads, "thread")}."
        );
        Console.Error.WriteLine($"Wrote {path}");

        // A run that failed before its plan has no cells, and neither has one that was not reached.
        return runs.All(run =>
            run.Cells.Count > 0 && run.Cells.All(cell => cell.Outcome is Outcome.Value or Outcome.NotApplicable)
        )
            ? RunCommand.Complete
            : RunCommand.Incomplete;

        StudyReport Save(IReadOnlyList<StudyRun> sofar)
        {
            var report = StudySummary.Of(study, sofar);
            WholeFile.Write(path, stream => JsonSerializer.Serialize(stream, report, SpecJson.Indented));
            return report;
        }
    }

    private static void AtLeastOne(OptionResult result)
    {
        if (result.GetValueOrDefault<int>() < 1)
        {
            result.AddError("--processes must be at least 1.");
        }
    }
}
