using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>An arrangement of charts, tables and text over a study; it fills while the study's runs go on.</summary>
public sealed partial class DashboardPage
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(5);

    private readonly List<DashboardPart> _parts = [];
    private DashboardItem? _item;
    private StudyView? _study;
    private Exception? _fault;
    private string _name = "";
    private bool _missing;
    private bool _editing;
    private bool _conflict;
    private long _version;

    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    [CascadingParameter]
    public ShareScope? Share { get; set; }

    private StudyNews News => field ??= new(Feed);

    private bool MayEdit => Share is null && Actor.May(LabRole.Researcher) && _item is { Deleted: false };

    protected override bool HasNews => _fault is not null || News.Any(_study);

    protected override async Task OnParametersSetAsync()
    {
        Follow(null, Refresh);
        if (_item?.Id != Id)
        {
            (_item, _missing, _editing) = (null, false, false);
            await Load();
        }
    }

    protected override async Task Load()
    {
        try
        {
            _item = await Dashboards.FindAsync(Id, Gone);
            var before = _item?.StudyId == _study?.Item.Id ? _study : null;
            _study = _item is null ? null : await News.Read(before, () => Reports.FindAsync(_item.StudyId, Gone));
            (_missing, _fault) = (_item is null or { Deleted: true } || _study is null, null);
        }
        catch (OperationCanceledException)
        {
            // The page is being left.
        }
        catch (Exception error)
            when (error
                    is System.Data.Common.DbException
                        or InvalidOperationException
                        or SpecException
                        or System.Text.Json.JsonException
            )
        {
            _fault = error;
        }
    }

    private void Edit()
    {
        (_editing, _conflict, _name, _version) = (true, false, _item!.Name, _item.Version);
        _parts.Clear();
        _parts.AddRange(DashboardParts.Read(_item.PartsJson));
    }

    private void Discard() => _editing = false;

    private void Set(int index, DashboardPart part) => _parts[index] = part;

    private void Move(int index, int by) => (_parts[index], _parts[index + by]) = (_parts[index + by], _parts[index]);

    private async Task Save()
    {
        DashboardItem? saved = null;
        if (!await Snackbar.Try(async () => saved = await Desk.Save(Id, _version, _name, DashboardParts.Write(_parts))))
        {
            return;
        }

        if (saved is not null)
        {
            (_item, _editing) = (saved, false);
            Snackbar.Add("The dashboard is saved.", Severity.Info);
            return;
        }

        await Load();
        (_conflict, _version) = (true, _item?.Version ?? 0);
    }

    private async Task Delete()
    {
        var item = _item!;
        await Desk.Delete(item.Id, deleted: true);
        Navigation.NavigateTo(LabUrls.Study(item.StudyId));
        Snackbar.Add(
            $"{item.Name} is deleted.",
            Severity.Normal,
            options =>
            {
                options.Action = "Undo";
                options.VisibleStateDuration = 10_000;
                options.OnClick = async _ =>
                {
                    await Desk.Delete(item.Id, deleted: false);
                    Navigation.NavigateTo(LabUrls.Dashboard(item.Id));
                };
            }
        );
    }

    private static string Text(ChangeEventArgs args) => args.Value?.ToString() ?? "";
}
