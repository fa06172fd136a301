import 'package:flet/flet.dart';

import 'fcm.dart';

class Extension extends FletExtension {
  @override
  FletService? createService(Control control) =>
      control.type == 'Fcm' ? FcmService(control: control) : null;
}
